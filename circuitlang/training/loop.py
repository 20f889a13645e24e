"""The training loop.  In: a specification, its program, a function that decides the claims; out: the trained network.

Training draws its own interventions and never sees a claim: `stop` only says yes or no.
"""

from collections.abc import Callable

from circuitlang.backends.spec import TrainingSpec
from circuitlang.core.program import Program
from circuitlang.networks.packing import not_finite
from circuitlang.networks.transformer import Transformer
from circuitlang.training.checkpoints import Keeper
from circuitlang.training.outcome import Trained, refuse_divergence
from circuitlang.training.progress import Silent, Tracker
from circuitlang.training.session import Session
from circuitlang.training.threads import fitting_threads


def train(
    spec: TrainingSpec,
    program: Program,
    *,
    stop: Callable[[Transformer], bool] | None = None,
    tracker: Tracker | None = None,
    device: str = "cpu",
    keeper: Keeper | None = None,
) -> Trained:
    """Train a network until `stop` agrees or the budget is spent.

    Args:
        spec: The specification, as `backends.siit.specify` gives it.
        program: The program that it was made from.
        stop: Decides the claims, exactly and at a price; asked only where a check on a sample of fresh interventions of
            every kind has passed. Without it the whole budget is used.
        tracker: Told of progress.
        device: Where to train. On a CPU the same seed gives the same bytes, unless a budget in seconds ends it.
        keeper: Writes checkpoints, and knows the one to go on from. A training that was killed at any moment and goes
            on from its checkpoint ends with the same bytes as one that nobody disturbed.

    Returns:
        The network: the one that `stop` has agreed to, else the best that any check has seen.

    Raises:
        Refusal: E544 for a checkpoint that does not fit, E546 where one cannot be written, E550 if the losses grow
            beyond all bounds; E57x, E613, E652 for what cannot be trained.
    """
    session = Session(spec, program, device)
    tracker = tracker or Silent()
    tracker.start(spec.network, spec.budget.steps)
    why = "interrupted"
    try:
        with fitting_threads(session.network):
            if keeper is not None:
                keeper.resume(session)
            trained = _run(session, stop, tracker, keeper)
        why = trained.why
        return trained
    finally:
        tracker.finish(why)


def _run(
    session: Session, stop: Callable[[Transformer], bool] | None, tracker: Tracker, keeper: Keeper | None
) -> Trained:
    """Steps and checks, until one of them ends it."""
    spec, clock = session.spec, session.clock
    spent = clock.spent(session.done)
    while spent is None:
        loss = session.advance()
        spent = clock.spent(session.done)
        if session.done % spec.check.every == 0 or spent is not None:
            found = session.look(loss)
            tracker.advance(session.done, {"loss": loss, "right": found.worst})
            if stop is not None and session.is_settled and found.worst >= spec.check.gate:
                with clock.pause():
                    agreed = stop(session.network)
                if agreed:
                    return _trained(session, reached=True, why="its claims hold")
                session.look_closer()
        if keeper is not None and spent is None:
            keeper.see(session)
    if session.best.weights:
        session.network.load_state_dict(session.best.weights)
    broken = not_finite(session.network.state_dict())
    if broken is not None:  # since the last step, whose loss came before
        raise refuse_divergence(spec, session.done, broken, session.rate(session.done - 1))
    return _trained(session, reached=stop is None, why=spent)


def _trained(session: Session, reached: bool, why: str) -> Trained:
    return Trained(session.network, session.done, session.clock.seconds, tuple(session.history), reached, why)

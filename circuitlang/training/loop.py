"""The training loop.  In: a specification, its program, a function that decides the claims; out: the trained network.

Training draws its own interventions and never sees a claim: `stop` only says yes or no.
"""

from collections.abc import Callable

from circuitlang.backends.spec import TrainingSpec
from circuitlang.core.program import Program
from circuitlang.networks.packing import not_finite
from circuitlang.networks.transformer import Transformer
from circuitlang.training.attempts import Attempt, Diverged
from circuitlang.training.checkpoints import Keeper
from circuitlang.training.checks import Check
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

    An attempt that diverges, or goes nowhere for long, is given up, and the next begins from another seed within the
    same budget, as often as the specification allows.

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
        The network: the one that `stop` has agreed to, else the best that any check of any attempt has seen.

    Raises:
        Refusal: E544 for a checkpoint that does not fit, E546 where one cannot be written, E550 if every attempt has
            diverged; E57x, E613, E652 for what cannot be trained.
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
    """One attempt after the other, until one of them ends it."""
    while True:
        last = _attempt(session, stop, tracker, keeper)
        failed = last.ended in ("stalled", "diverged")
        if not failed or len(session.attempts) == session.spec.restarts or session.clock.spent(session.steps):
            return _trained(session, last, stop is None)
        session.give_up(last)


def _attempt(
    session: Session, stop: Callable[[Transformer], bool] | None, tracker: Tracker, keeper: Keeper | None
) -> Attempt:
    """Steps and checks, until one of them ends the attempt."""
    spec, clock = session.spec, session.clock
    spent = clock.spent(session.steps)
    while spent is None:
        try:
            loss = session.advance()
        except Diverged as error:
            return session.over("diverged", str(error))
        spent = clock.spent(session.steps)
        if session.done % spec.check.every == 0 or spent is not None:
            with session.average.shown(session.network):
                found = session.look(loss)
                tracker.advance(session.steps, _numbers(session, found))
                if stop is not None and session.is_settled and found.worst >= spec.check.gate:
                    if session.confirms():
                        with clock.pause():
                            agreed = stop(session.network)
                        if agreed:
                            session.best.keep(found, session.network)
                            return session.over("reached", "its claims hold")
                    session.look_closer()
            if stop is not None and session.is_stuck and spent is None and len(session.attempts) < spec.restarts:
                return session.over("stalled", f"no progress in {session.watch.idle} checks")
        if keeper is not None and spent is None:
            keeper.see(session)
    broken = not_finite(session.best.weights or session.average.weights)
    if broken is not None:  # since the last step, whose loss came before
        return session.over("diverged", broken)
    return session.over("unreached", spent)


def _numbers(session: Session, found: Check) -> dict[str, float]:
    """What trackers are told of a check, and of the step before it."""
    latest = session.history[-1]
    return {
        "loss": latest.loss,
        "right": found.worst,
        "lr": latest.rate,
        "attempt": latest.attempt,
        "seed": session.seed,
        **{f"loss/{name}": float(loss) for name, loss in session.terms.items()},
        **{f"right/{kind}": share for kind, share in found.shares.items()},
    }


def _trained(session: Session, last: Attempt, is_free: bool) -> Trained:
    """What comes of the attempts; without any claims, whatever the last one has learnt.

    Raises:
        Refusal: E550 if there is no network that a check has seen, and the last attempt has diverged.
    """
    attempts, kept, why = (*session.attempts, last), session.best, last.why
    if last.ended == "diverged":
        kept, why = session.earlier, f"its last attempt has diverged: {why}"
        if not kept.weights:
            raise refuse_divergence(session.spec, attempts, session.rate(max(0, session.done - 1)))
    elif last.ended == "unreached" and session.earlier.rank > kept.rank:
        kept = session.earlier
    # Before the ramps of weights have ended no check counts: then it is what the last check has looked at.
    session.network.load_state_dict(kept.weights or session.average.weights)
    return Trained(
        session.network,
        session.steps,
        session.clock.seconds,
        tuple(session.history),
        is_free or last.ended == "reached",
        why,
        attempts=attempts,
        seed=kept.seed,
    )

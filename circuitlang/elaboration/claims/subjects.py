"""What a measurement is about.  In: a term; out: the networks that it looks into, and the metrics that it takes."""

from circuitlang.core.claim import Claim, Metric, Ref, Term, parts
from circuitlang.elaboration.context import Context


def metrics_of(term: Term) -> tuple[Metric, ...]:
    """The metrics of a term, outermost first."""
    return tuple(part for part in parts(term) if isinstance(part, Metric))


def network_of(ctx: Context, term: Term) -> str | None:
    """The network that a term looks into; None for several, or none."""
    found = dict.fromkeys(name for part in parts(term) for name in _named(ctx, part))
    return next(iter(found)) if len(found) == 1 else None


def networks_of(ctx: Context, claim: Claim) -> tuple[str, ...]:
    """The networks that a claim looks into."""
    terms = [part for statement in claim.statements for part in parts(statement.test)]
    return tuple(dict.fromkeys(name for part in terms for name in _named(ctx, part)))


def _named(ctx: Context, part: Term) -> tuple[str, ...]:
    match part:
        case Ref(kind="network", name=name):
            return (name,)
        case Ref(kind="alignment" | "circuit" | "basis" as kind, name=name):
            thing = ctx.done[kind].get(name)
            return (thing.network,) if thing is not None else ()
    return ()

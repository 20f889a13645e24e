"""What was judged.  In: a program and its verdicts; out: files, hashes, versions, seed, and how to repeat it."""

from circuitlang.core.network import Checkpoint, Compiled, Network, TransformerShape
from circuitlang.core.program import Program
from circuitlang.reports.page.markup import Content, Markup, element, join
from circuitlang.reports.page.tables import Column, grid
from circuitlang.verification import Report
from circuitlang.verification.verdict import versions


def judged(program: Program, report: Report) -> Markup | None:
    """The program, every network with the hash of its weights, and the versions of what judged them."""
    if not report.verdicts:
        return None
    known = report.networks
    table = grid(
        "Networks",
        [
            Column("network", [element("code", one.network) for one in known], "code", head=True),
            Column("declared as", [_declared(program.network(one.network)) for one in known], "prose"),
            Column("weights from", [one.origin for one in known], "prose"),
            Column("sha256 of its weights", [_hash(one.sha256) for one in known], "code"),
        ],
    )
    first = report.verdicts[0]
    told = [
        ("program", join([element("code", first.program), " sha256 ", element("code", _hash(first.program_sha256))])),
        ("calls", join([join([element("code", path), " sha256 ", _hash(one)]) for path, one in first.externs], "\n")),
        ("seeds", _seeds(report)),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions().items())),
        ("repeat it", join([element("code", one) for one in _commands(program, report)], "\n")),
    ]
    facts = (element("div", element("dt", name), element("dd", value)) for name, value in told if value)
    return join([element("dl", *facts, class_="wide"), table if known else None])


def _declared(network: Network) -> Content:
    """What the program says of a network."""
    match network.origin:
        case Compiled(backend=backend, model=model):
            return element("code", f"{backend}({model})")
        case Checkpoint(path=path):
            return element("code", f'checkpoint("{path}")')
    shape = network.shape
    if not isinstance(shape, TransformerShape):
        return "a network with one hidden layer"
    sizes = f"{shape.layers} layers of {shape.heads} heads, d_model {shape.d_model}, d_head {shape.d_head}"
    mlp = "attention only" if shape.attention_only else f"d_mlp {shape.d_mlp}, {shape.activation}"
    return f"transformer: {sizes}, {mlp}, {shape.attention} attention, norm {shape.norm}, {shape.positions} positions"


def _hash(sha256: str) -> Markup:
    """A hash that may be broken into lines."""
    return element("span", sha256, class_="hash")


def _seeds(report: Report) -> str:
    """The seeds of the data, and of what was sampled beside them."""
    found = [one for verdict in report.verdicts for one in verdict.measurements]
    data = dict.fromkeys(f"{one.data}: {one.data_seed}" for one in found)
    drawn = dict.fromkeys(f"{one.seed}" for one in found if not one.exact)
    sampled = f"samples drawn with seed {', '.join(drawn)}" if drawn else "nothing was sampled"
    return f"data {', '.join(data)}; {sampled}" if found else ""


def _commands(program: Program, report: Report) -> list[str]:
    """One command for all claims if all were judged, else one for each."""
    asked = list(dict.fromkeys(verdict.claim for verdict in report.verdicts))
    if asked == [claim.name for claim in program.claims]:
        every = (verdict.command.replace(f" --claim {verdict.claim}", "", 1) for verdict in report.verdicts)
    else:
        every = (verdict.command for verdict in report.verdicts)
    return list(dict.fromkeys(every))

"""What is said of a compiled network: its sizes, where every node lives, and which nodes the data can test at all.

In: the network and its data; out: a table. Interchange accuracy is measured on all pairs, or on a fixed sample.
"""

from pathlib import Path

from circuitlang.backends.tracr import TracrNetwork
from circuitlang.core.alignment import Alignment
from circuitlang.core.data import Data
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.interchange import interchange
from circuitlang.measurement.subject import Subject
from circuitlang.reports.text import counted, table
from circuitlang.verification.material import Material
from circuitlang.verification.quantity import show_number

PAIRS = 2**16


def compiled_text(name: str, made: TracrNetwork, data: Data, folder: Path) -> str:
    """The sizes of a network, and a line for every node: sites, effect rate, IIA."""
    alignment = Alignment(name="derived", model=made.model.name, network=name, pairs=made.pairs)
    subject = Subject(
        model=made.model, network=made.network, reading=made.reading, alignment=alignment, tolerance=data.tolerance
    )
    sample = Material().pairs(data, made.model, "all", PAIRS, PAIRS)
    assert sample.pairs is not None
    bench, rows, untestable = Bench(subject, sample.batch), [], []
    for pair in made.pairs:
        counts = interchange(bench, (pair.node,), sample.pairs)
        if not counts.effective:
            untestable.append(pair.node)
        rate = "0 (untestable)" if not counts.effective else show_number(counts.effect_rate or 0.0)
        sites = " | ".join(str(site) for site in pair.sites)
        rows.append((pair.node, sites, rate, "-" if counts.share is None else show_number(counts.share)))
    sizes, every = made.sizes, "all " if made.exact else ""
    lines = [
        f"{name}: {counted(sizes.layers, 'layer')} of {counted(sizes.heads, 'head')}, d_model {sizes.d_model}, "
        f"d_head {sizes.d_head}, d_mlp {sizes.d_mlp};",
        f"equal to {made.model.name} on {every}{made.checked:,} inputs; kept in {folder}",
        "",
        table(rows, ("node", "lives at", "effect rate", "IIA")),
        f"interchanged on {'all ' if sample.exact else ''}{len(sample.pairs):,} pairs",
    ]
    if untestable:
        named = ", ".join(untestable)
        lines.append(f"untestable on {data.name}, because exchanging them never changes the answer: {named}")
    return "\n".join(lines) + "\n"

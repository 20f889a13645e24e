"""What is said of a compiled network: its sizes, where every node lives, and which nodes the data can test at all.

In: the network and its data; out: plain values, and a table of them.
"""

from dataclasses import asdict
from pathlib import Path

from typing_extensions import TypedDict

from circuitlang.backends.spec import SpecJson
from circuitlang.backends.tracr.compiling import TracrNetwork
from circuitlang.core.alignment import Alignment
from circuitlang.core.data import Data
from circuitlang.measurement.material import Material
from circuitlang.measurement.nodes import measure_nodes
from circuitlang.measurement.subject import Subject
from circuitlang.networks.artefacts import network_hash
from circuitlang.reports.text import counted, table
from circuitlang.verification.quantity import show_number

ALL_PAIRS = 2**16  # effect rates are over all pairs, if there are no more than these
SOME_PAIRS = 2**13  # and else over so many
WORK = 2**33  # floating-point operations of all interchanges, about a second


class SizesJson(TypedDict):
    """The numbers that describe the network's shape."""

    layers: int
    heads: int
    d_model: int
    d_head: int
    d_mlp: int


class PlacedJson(TypedDict):
    """Where a node lives; `iia` is null where nothing could be counted, an effect rate of 0 means untestable."""

    node: str
    sites: list[str]
    effect_rate: float
    iia: float | None


class CompiledJson(TypedDict):
    """A compiled network: checked against its model on `checked` inputs of `data`.

    Effect rates are over `pairs` pairs, which are all there are if `all_pairs`; IIA is over `interchanged` of them.
    """

    network: str
    model: str
    folder: str
    network_sha256: str
    sizes: SizesJson
    checked: int
    exact: bool  # checked on all inputs there are
    data: str
    pairs: int
    all_pairs: bool
    interchanged: int
    alignment: list[PlacedJson]


class CompileJson(TypedDict):
    """What `circuitc compile` made: networks, or with `--to siit` training specs; the other is null."""

    networks: list[CompiledJson] | None
    specs: list[SpecJson] | None


def compiled_json(name: str, made: TracrNetwork, data: Data, folder: Path) -> CompiledJson:
    """The sizes of a network, and for every node sites, effect rate and IIA."""
    alignment = Alignment(name="derived", model=made.model.name, network=name, pairs=made.pairs)
    subject = Subject(
        model=made.model, network=made.network, reading=made.reading, alignment=alignment, tolerance=data.tolerance
    )
    sample = Material().pairs(data, made.model, "all", SOME_PAIRS, ALL_PAIRS)
    measured = measure_nodes(subject, sample, WORK)
    placed = [
        PlacedJson(
            node=one.node,
            sites=[str(site) for site in pair.sites],
            effect_rate=float(one.effect_rate),
            iia=None if one.tally.share is None else float(one.tally.share),
        )
        for pair, one in zip(made.pairs, measured.nodes, strict=True)
    ]
    return CompiledJson(
        network=name,
        model=made.model.name,
        folder=str(folder),
        network_sha256=network_hash(made.network),
        sizes=SizesJson(**asdict(made.sizes)),
        checked=made.checked,
        exact=made.exact,
        data=data.name,
        pairs=measured.pairs,
        all_pairs=measured.exact,
        interchanged=measured.run,
        alignment=placed,
    )


def compiled_text(made: CompiledJson) -> str:
    """The sizes of a network, and a line for every node."""
    sizes, every = made["sizes"], "all " if made["exact"] else ""
    rows = [
        (
            one["node"],
            " | ".join(one["sites"]),
            show_number(one["effect_rate"]) if one["effect_rate"] else "0 (untestable)",
            "-" if one["iia"] is None else show_number(one["iia"]),
        )
        for one in made["alignment"]
    ]
    lines = [
        f"{made['network']}: {counted(sizes['layers'], 'layer')} of {counted(sizes['heads'], 'head')}, "
        f"d_model {sizes['d_model']}, d_head {sizes['d_head']}, d_mlp {sizes['d_mlp']};",
        f"equal to {made['model']} on {every}{made['checked']:,} inputs; kept in {made['folder']}",
        "",
        table(rows, ("node", "lives at", "effect rate", "IIA")),
        _interchanged(made),
    ]
    untestable = ", ".join(one["node"] for one in made["alignment"] if not one["effect_rate"])
    if untestable:
        lines.append(f"untestable on {made['data']}, because exchanging them never changes the answer: {untestable}")
    return "\n".join(lines) + "\n"


def _interchanged(made: CompiledJson) -> str:
    """On how many pairs effect rates and IIA are."""
    pairs = f"{'all ' if made['all_pairs'] else ''}{counted(made['pairs'], 'pair')}"
    if made["interchanged"] == made["pairs"]:
        return f"interchanged on {pairs}"
    return f"effect rates over {pairs} of inputs, IIA over {made['interchanged']:,} of them"

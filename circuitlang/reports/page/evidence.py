"""What a verdict rests on.  In: a verdict and its measurements; out: facts, the smallest counterexample, the parts."""

from fractions import Fraction

from circuitlang.reports.page.markup import Content, Markup, coded, element, join
from circuitlang.reports.page.tables import Column, grid
from circuitlang.reports.text import Told, beside, counted, decided_on, show_interval
from circuitlang.verification import Verdict
from circuitlang.verification.measured import Measurement
from circuitlang.verification.quantity import show_number

FOLDED = 16  # a longer table of parts is folded away


def facts(verdict: Verdict, told: Told) -> Markup | None:
    """What a statement with one measurement was measured on; of several each says so for itself."""
    if len(verdict.measurements) != 1:
        return None
    (measured,) = verdict.measurements
    interval = "exact" if measured.exact else f"interval at {verdict.confidence * 100:g}% confidence"
    given = [("decided on", f"{told.decided_on}, {interval}"), ("beside it", ", ".join(told.beside))]
    return _list([*given, *_setting(measured)])


def evidence(verdict: Verdict, measured: Measurement) -> Markup:
    """One measurement: what it counted, where it fails first, and part by part."""
    return join([_own(measured) if len(verdict.measurements) > 1 else None, _example(measured), _parts(measured)])


def _own(measured: Measurement) -> Markup:
    """The number of one of several measurements."""
    number = measured.value
    shown = measured.reason or "no value" if number is None else show_number(number.number)
    if number is not None and not number.exact:
        shown += f" {show_interval(number)}"
    given = [("value", shown), ("measured on", decided_on(measured)), ("beside it", ", ".join(beside(measured)))]
    return join([element("p", element("code", measured.text)), _list([*given, *_setting(measured)])])


def _setting(measured: Measurement) -> list[tuple[str, Content]]:
    """Everything else that the number depends on."""
    counts = measured.tally
    split = {"all": "", "test": ", held-out part", "train": ", training part"}.get(measured.split, measured.split)
    drawn = "" if measured.exact else f", drawn with seed {measured.seed}"
    tolerance = None if measured.tolerance is None else f"within {show_number(measured.tolerance)}"
    return [
        ("counted", f"{counts.hits:,} of {counts.total:,} right" if counts and counts.total else None),
        ("network", join([element("code", measured.network), " against ", element("code", measured.model)])),
        ("alignment", element("code", measured.alignment) if measured.alignment else None),
        ("data", join([element("code", measured.data), f"{split}; seed {measured.data_seed}{drawn}"])),
        ("replaced by", None if measured.ablation is None else f"{measured.ablation}, {measured.positions}"),
        ("right is", tolerance),
        ("note", "; ".join(measured.notes)),
    ]


def _list(given: list[tuple[str, Content]]) -> Markup:
    told = [(name, value) for name, value in given if value]
    return element("dl", *(element("div", element("dt", name), element("dd", value)) for name, value in told))


def _example(measured: Measurement) -> Markup | None:
    """The smallest input, or pair of inputs, on which network and model part."""
    example = measured.counterexample
    if example is None:
        return None
    caption = "Input with the largest error" if measured.metric == "max_error" else "Smallest counterexample"
    rows: list[tuple[Content, Content, str | None, str | None]] = [
        ("input" if example.source is None else "base", example.base, example.model, example.network)
    ]
    if example.source is not None:
        rows.append(("source", example.source, None, None))
        rows.append((coded(f"base, with {example.replaced} from source"), None, example.expected, example.got))
    return grid(
        caption,
        [
            Column("", [name for name, *_ in rows], head=True),
            Column("reads", [read for _, read, *_ in rows], "code"),
            Column("model says", [model for *_, model, _ in rows], "code"),
            Column(
                "network says", [_against(network, model, measured.tolerance) for *_, model, network in rows], "code"
            ),
        ],
        "example",
    )


def _against(network: str | None, model: str | None, tolerance: float | None) -> Content:
    """What the network says; where that is something else than what the model says, it is marked."""
    if network is None or model is None:
        return network
    said, meant = network.split(" "), model.split(" ")
    if len(said) != len(meant):
        return element("mark", network)
    alike = (_alike(*pair, tolerance or 0) for pair in zip(said, meant, strict=True))
    return join([one if same else element("mark", one) for one, same in zip(said, alike, strict=True)], " ")


def _alike(said: str, meant: str, tolerance: float) -> bool:
    try:
        return said == meant or abs(float(said) - Fraction(meant)) <= tolerance
    except ValueError:
        return False


def _parts(measured: Measurement) -> Markup | None:
    """The table of strictness: every unaligned part, or edge that is not the model's, the worst first."""
    if not measured.table:
        return None
    rows = sorted(measured.table, key=lambda row: row.value.number)
    what = counted(len(rows), "outside edge" if measured.over else "unaligned part")
    table = grid(
        f"{what}, worst first",
        [
            Column("edge" if measured.over else "part", [element("code", row.part) for row in rows], head=True),
            Column("answer kept", [show_number(row.value.number) for row in rows], "number"),
            Column("interval", ["" if row.value.exact else show_interval(row.value) for row in rows], "number"),
            Column("on effective pairs", [_number(row.effective_share) for row in rows], "number"),
            Column("entries", [_number(row.entries_share) for row in rows], "number"),
        ],
        "parts",
    )
    if len(rows) <= FOLDED:
        return table
    return element("details", element("summary", what), table)


def _number(share: float | None) -> str:
    return "" if share is None else show_number(share)

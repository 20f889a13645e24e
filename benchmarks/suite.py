"""The suite of InterpBench, trained and verified: what it costs, and how good the worst node, part and edge of each is.

`python benchmarks/suite.py [NUMBER ...] [--jobs 2] [--resume] [--seeds 1]` trains the cases with these numbers (by
default the 16 main ones, and others with attention), writes the table as Markdown and draws how strict every network
was after how many CPU seconds. Run folders are kept below the current folder, and `--resume` goes on with what is
there. Exit 1 if a case did not reach its claims.

CPU seconds are those of training, without the deciding of claims: a claim is decided when training ends, and the
numbers in the table come from verdicts on fresh pairs afterwards.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from circuitlang.core.alignment import Alignment
from circuitlang.core.site import Site
from circuitlang.reports.columns import counted
from circuitlang.reports.finished import Finished
from circuitlang.reports.record import EntryRecord, TrainingRecord
from circuitlang.reports.suite import cells
from circuitlang.suites.cases import Case, gather
from circuitlang.suites.jobs import Settings, plan
from circuitlang.suites.running import carry_out
from circuitlang.suites.watching import Lines
from circuitlang.weights import Choice

ROOT = Path(__file__).parent.parent
CASES = ROOT / "examples" / "interpbench"
MAIN = (3, 4, 8, 11, 13, 18, 19, 20, 21, 26, 29, 33, 34, 35, 36, 37)
ATTENTION = (1, 6, 7, 14, 24, 32, 38, 42, 57, 92, 93, 100, 104, 110, 124, 129, 131)
HEADS = (
    "case", "reached", "CPU s", "steps", "seeds", "accuracy", "worst IIA", "worst strictness", "joint", "edges",
    "effect rate", "decided on",
)  # fmt: skip
# InterpBench's own trainer on case 3 (IIT weight 1, strict 0.4, behaviour 1; 120,000 inputs), one thread: CPU seconds,
# and the mean over its samples of what resampling an unaligned node leaves right.
REFERENCE = ((21, 0.886), (53, 0.949), (85, 0.972), (117, 0.9775))
BOUND = 0.999
ALL_RIGHT = 1e-4  # where it is drawn that nothing was wrong


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("numbers", type=int, nargs="*", default=sorted({*MAIN, *ATTENTION}))
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--seeds", type=int, default=1)
    options.add_argument("--resume", action="store_true")
    options.add_argument("--again", action="store_true")
    options.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "suite.md")
    options.add_argument("--figure", type=Path, default=ROOT / "docs" / "figures" / "suite.svg")
    chosen = options.parse_args()
    files = [next(CASES.glob(f"{number:03}_*.circ")) for number in chosen.numbers]
    gathered = gather(files, Choice(), seeds=chosen.seeds)
    jobs = [plan(case, Settings(resume=chosen.resume, again=chosen.again)) for case in gathered.cases]
    resumed_by = " ".join(["python", *sys.argv, *([] if chosen.resume else ["--resume"])])
    carry_out(jobs, chosen.jobs, Lines(lambda line: write(sys.stderr, line)), resumed_by)
    attention = {job.result.path for job in jobs if job.result and attends(job.case)}
    done = [job.result for job in jobs if job.result]
    text = report(done, attention)
    write(sys.stdout, text)
    chosen.out.write_text(text)
    draw(done, attention, chosen.figure)
    return int(bool(gathered.broken) or not all(one.reached for one in done))


def attends(case: Case) -> bool:
    """Whether some node lives in a head."""
    alignment = case.program.alignment(case.program.training(case.network).alignment)
    assert isinstance(alignment, Alignment)
    return any(isinstance(site, Site) and site.kind == "head" for pair in alignment.pairs for site in pair.sites)


def report(done: Sequence[Finished], attention: set[str]) -> str:
    """The page: a table for each kind of case, totals, and the reasons of those that fell short."""
    kinds = {
        "With attention": [one for one in done if one.path in attention],
        "In mlps alone": [one for one in done if one.path not in attention],
    }
    main = [one for one in done if number(one) in MAIN]
    parts = [f"# The InterpBench suite, trained\n\n{HEAD}\n"]
    parts += [f"## {title}\n\n{markdown(cases)}\n" for title, cases in kinds.items() if cases]
    parts.append(f"## In all\n\n- {totals('all', done)}\n- {totals('the main 16', main)}\n")
    short = [f"- {one.name}: {reason}\n" for one in done for reason in one.reasons()]
    return "\n".join(parts) + ("\n## What falls short\n\n" + "".join(short) if short else "")


HEAD = """\
Every case is a file of `examples/interpbench/`, trained by `python benchmarks/suite.py` on two shared cores, a thread
each, and verified afterwards. `CPU s` and `steps` are those of training until its claims held, over all `seeds` that
were tried; the other numbers are those of the worst node, of the worst unaligned part, of random sets of parts
together (`joint`), of the worst edge that the causal model does not have (`edges`), each from verdicts on all inputs
or pairs, or on fresh samples. `effect rate` is the share of pairs on which the interchange of a node changes the
answer at all, the lowest of the case."""


def markdown(cases: Sequence[Finished]) -> str:
    """A table of cases."""
    rows = [HEADS, ["---", "---", *["--:"] * 3, *["---"] * 7], *map(row, cases)]
    return "".join(f"| {' | '.join(cells_)} |\n" for cells_ in rows)


def row(case: Finished) -> tuple[str, ...]:
    seed = f" seed {case.seed}" if case.seed else ""
    return (f"{case.name}{seed}", "yes" if case.reached else "**no**", *cells(case))


def totals(what: str, cases: Iterable[Finished]) -> str:
    """How many reached their claims, in how much time."""
    known = list(cases)
    spent = sum(one.record.training.cpu_seconds for one in known if one.record and one.record.training)
    seeds = sum(one.seeds for one in known)
    reached = sum(one.reached for one in known)
    return (
        f"{what}: {reached} of {counted(len(known), 'case')} reached, {spent / 60:.1f} CPU minutes, {seeds} seeds tried"
    )


def number(case: Finished) -> int:
    return int(case.name.partition("_")[0])


def draw(done: Sequence[Finished], attention: set[str], path: Path) -> None:
    """CPU seconds against how far the worst unaligned part or edge is from 1, in every check of every training."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "suite", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
    missed = "not reached"
    for kind, colour, label in ((False, "#9a9a9a", "in mlps alone"), (True, "#00795a", "with attention")):
        for one in (one for one in done if (one.path in attention) == kind):
            training = one.record.training if one.record else None
            course = [] if training is None else [*strictness_over_time(training), *verified(one)]
            if course:
                seconds, wrong = zip(*course, strict=True)
                axes.plot(seconds, wrong, color=colour, linewidth=0.8, alpha=0.45, zorder=2)
                axes.plot(seconds[-1], wrong[-1], "o", color=colour, markersize=5, zorder=3, label=label)
                if not one.reached:
                    axes.plot(seconds[-1], wrong[-1], "x", color="#c03030", markersize=9, zorder=4, label=missed)
                    missed = "_"
                label = "_"
    seconds, strict = zip(*REFERENCE, strict=True)
    axes.plot(
        seconds,
        [1 - one for one in strict],
        "s--",
        color="#303030",
        markersize=4,
        label="InterpBench's trainer, case 3 (mean node)",
    )
    axes.axhline(1 - BOUND, color="#303030", linewidth=0.8, linestyle=":")
    axes.text(0.995, 1 - BOUND, f"claimed: {BOUND}", transform=axes.get_yaxis_transform(), ha="right", va="bottom")
    axes.set(xscale="log", yscale="log", ylim=(ALL_RIGHT / 1.5, 1.3), xlabel="CPU seconds of training")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_yticks([1, 0.1, 0.01, 0.001, ALL_RIGHT], ["1", "0.1", "0.01", "0.001", "none"])
    axes.set_ylabel("wrong when the worst unaligned part\nor edge is resampled (share of pairs)")
    figure.legend(frameon=False, loc="outside upper center", ncols=4)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=160)


def strictness_over_time(training: TrainingRecord) -> list[tuple[float, float]]:
    """CPU seconds, and the share of wrong answers in the worst unaligned part or edge, at every check of these."""
    per_step = training.cpu_seconds / max(1, training.steps)
    worst = [(entry.step * per_step, strictness(entry, training.spec.unaligned)) for entry in training.history]
    return [(seconds, max(ALL_RIGHT, 1 - share)) for seconds, share in worst if share is not None]


def verified(case: Finished) -> list[tuple[float, float]]:
    """CPU seconds of the whole training, and what the verdicts say of the worst unaligned part or edge."""
    found = case.measures()
    worst = [one.number for one in (found.strictness, found.edges) if one is not None]
    assert case.record is not None and case.record.training is not None
    return [(case.record.training.cpu_seconds, max(ALL_RIGHT, 1 - min(worst)))] if worst else []


def strictness(entry: EntryRecord, unaligned: Sequence[str]) -> float | None:
    """The share of right answers in the worst unaligned part or edge that a check has tried."""
    return min((share for kind, share in entry.shares.items() if kind in unaligned or " -> " in kind), default=None)


def write(stream, line: str) -> None:
    stream.write(line if line.endswith("\n") else line + "\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())

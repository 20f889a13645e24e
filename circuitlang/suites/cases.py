"""What a suite trains.  In: files and folders; out: one case for each network and seed, and what stands in the way of
the others.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from circuitlang import pipeline, weights
from circuitlang.core.network import Compiled
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal, read_source
from circuitlang.reports.folders import seed_of
from circuitlang.weights import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One training: a network of a program from one seed, and the folder that keeps it.

    `written` is the program as it is in its file: it travels, while Python functions that may run stay here.
    """

    program: Program = field(repr=False)
    written: Program = field(repr=False)
    network: str
    choice: Choice = field(repr=False)
    folder: Path

    @property
    def name(self) -> str:
        """What people call it: the name of its file."""
        return Path(self.program.source.path).stem

    @property
    def seed(self) -> int:
        """The seed it begins with."""
        return seed_of(self.program, self.network, self.choice.seed)


@dataclass(slots=True)
class Gathered:
    """What was found in files: cases, files with mistakes, warnings about the others, and what was left out, why."""

    files: list[Path] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    broken: dict[Path, tuple[Diagnostic, ...]] = field(default_factory=dict)
    warnings: list[Diagnostic] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def gather(
    paths: Iterable[Path], choice: Choice, names: Sequence[str] = (), seeds: int = 1, allow_extern: bool = False
) -> Gathered:
    """All trainings in these files, and in those that lie directly in these folders.

    Args:
        paths: Files and folders.
        choice: Seed and device.
        names: Only networks of these names; all of them where there are none.
        seeds: From how many seeds each is trained: its own, and those that follow it.
        allow_extern: Whether the Python functions of the programs may run.

    Raises:
        Refusal: E594 for a folder without programs.
    """
    found, folders = Gathered(), {}
    found.files += dict.fromkeys(_files(paths))
    for file in found.files:
        written = _read(file, found)
        if written is None:
            continue
        chosen = [one.network for one in written.trains if not names or one.network in names]
        if not chosen:
            why = "it trains none of the named networks" if written.trains else "it has no `train` block"
            found.notes.append(f"{file}: left out, {why}")
        found.notes += [
            f"{file}: `{claim}` is about several networks, and left to circuitc verify {written.source.typed}"
            for claim in _about_several(written)
            if chosen
        ]
        try:
            program = pipeline.allow_externs(written) if allow_extern else written
        except Refusal as refusal:
            found.broken[file] = refusal.diagnostics
            continue
        for network in chosen:
            for own in _seeds(program, network, choice, seeds):
                folder = weights.folder_of(program, network, own)
                case = Case(program=program, written=written, network=network, choice=own, folder=folder)
                first = folders.setdefault(folder, case)
                if first is case:
                    found.cases.append(case)
                else:
                    found.notes.append(f"{file}: `{network}` is left out, {_same(first, case)}")
    return found


def _same(first: Case, other: Case) -> str:
    """That a case trains what another one does; what its file claims is not asked, if that is something else."""
    claims = [{claim.name: claim.text for claim in case.program.claims} for case in (first, other)]
    said = f"{first.program.source.path} trains the same"
    verify = f"circuitc verify {other.program.source.typed}"
    return said if claims[0] == claims[1] else f"{said}; its own claims are left to {verify}"


def _about_several(program: Program) -> Iterator[str]:
    """The claims that need the weights of more than one network that is not compiled."""
    for claim in program.claims:
        about = map(program.network, program.networks_of(claim))
        if sum(not isinstance(network.origin, Compiled) for network in about) > 1:
            yield claim.name


def _seeds(program: Program, network: str, choice: Choice, number: int) -> Iterator[Choice]:
    """The seed that is chosen or declared, and those that follow it."""
    first = seed_of(program, network, choice.seed)
    yield choice
    yield from (replace(choice, seed=first + more) for more in range(1, number))


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        files = sorted(path.glob("*.circ"))
        if not files:
            help_ = "name a folder with `.circ` files directly in it, or the files"
            raise Refusal(Diagnostic("E594", f"there is no program in the folder `{path}`", helps=(help_,)))
        yield from files


def _read(file: Path, found: Gathered) -> Program | None:
    source, diagnostics = read_source(file)
    if source is None:
        found.broken[file] = diagnostics
        return None
    checked = pipeline.check(source)
    if checked.program is None:
        found.broken[file] = checked.diagnostics
        return None
    found.warnings += checked.diagnostics
    return checked.program

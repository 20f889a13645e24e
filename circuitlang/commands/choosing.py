"""Which things of a program a command is about.  In: names, folders and files as they were typed; out: those that there
are, or a refusal with those that are close.
"""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from circuitlang import weights
from circuitlang.core.network import Checkpoint, Compiled, TransformerShape
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal, nearest, one_of
from circuitlang.weights import Choice


def chosen(what: str, names: Sequence[str], known: list[str], example: str) -> list[str]:
    """The named things, or all of them; E593 for a name there is none of, E594 where there are none at all."""
    if not known:
        raise Refusal(Diagnostic("E594", f"the program declares no {what}", helps=(f"declare one: {example}",)))
    for name in names:
        if name not in known:
            raise unknown(what, name, known)
    return list(dict.fromkeys(names)) or known


def unknown(what: str, name: str | None, known: Iterable[str]) -> Refusal:
    """E593, with the names that are close."""
    everything = list(known)
    close = nearest(name or "", everything)
    help_text = f"did you mean {one_of(close)}?" if close else f"there is {one_of(everything[:8])}"
    return Refusal(Diagnostic("E593", f"there is no {what} `{name}`", helps=(help_text,)))


def trained(program: Program, names: Sequence[str]) -> list[str]:
    """The named networks that have a `train` block, or all of them."""
    known = [train.network for train in program.trains]
    return chosen("`train` block", names, known, "train NETWORK by siit(ALIGNMENT) on DATA")


def own_folders(program: Program, choice: Choice, run: Path | None, names: list[str]) -> dict[str, Path]:
    """A folder for every network that is to be made; `run` is for one network only."""
    if run is not None and len(names) > 1:
        raise several(run, names)
    return {name: run or weights.folder_of(program, name, choice) for name in names}


def given_folder(program: Program, run: Path | None, names: list[str]) -> dict[str, Path]:
    """The network that `--run` means: the one that the folder's record names, else the only one that was trained."""
    from circuitlang.reports.record import read_record

    if run is None or not names:
        return {}
    record = read_record(run)
    if record is not None and record.network in names:
        return {record.network: run}
    kept = [name for name in names if not isinstance(program.network(name).origin, Compiled | Checkpoint)] or names
    if len(kept) > 1:
        raise several(run, kept)
    return {kept[0]: run}


def several(run: Path, names: list[str]) -> Refusal:
    """E593: one run folder for several networks."""
    message = f"`--run {run}` is the folder of one network, and {one_of(names, 'and')} are {len(names)}"
    return Refusal(Diagnostic("E593", message, helps=("name one of them with `--network`, or leave `--run` out",)))


def weight_files(program: Program, given: Iterable[str]) -> dict[str, Path]:
    """What `--network NAME=FILE` says."""
    names = [network.name for network in program.networks]
    files = {}
    for one in given:
        name, _, file = one.partition("=")
        if name not in names:
            raise unknown("network", name, names)
        if not file:
            raise Refusal(Diagnostic("E593", f"`--network {one}` names no file", helps=(f"--network {name}=FILE",)))
        files[name] = Path(file)
    return files


def shown_options(files: Iterable[str], run: Path | None) -> str:
    """The options that repeat a verdict, as they are typed."""
    return shlex.join([*(part for one in files for part in ("--network", one)), *(("--run", str(run)) if run else ())])


def drawn(program: Program, name: str | None) -> str | None:
    """The alignment to draw: the named one, else the preferred one; None where only models can be drawn.

    Raises:
        Refusal: E593 for a name there is none of, E594 for a program without models.
    """
    names = [one.name for one in program.alignments]
    if name is not None and name not in names:
        raise unknown("alignment", name, names)
    if not program.models:
        raise Refusal(Diagnostic("E594", "there is no causal model to draw", helps=("declare one: model NAME(...)",)))
    return name or preferred(program)


def preferred(program: Program) -> str | None:
    """The alignment to draw if none is named: the first to a network that is trained, else the first to one that Tracr
    compiles or whose weights tell its architecture; None where there is no alignment to a transformer.
    """
    for at_once in (True, False):
        for one in program.alignments:
            network = program.network(one.network)
            match network.origin:
                case Compiled(backend="tracr"):
                    can_be_drawn = True
                case Checkpoint():
                    can_be_drawn = network.shape is None or isinstance(network.shape, TransformerShape)
                case _:
                    can_be_drawn = isinstance(network.shape, TransformerShape)
            known = network.shape is not None and not one.derived
            if can_be_drawn and known == at_once:
                return one.name
    return None

"""What Python gives as arguments.  In: runs, networks, paths, names, seeds; out: the same, sorted, or a clear refusal.

Networks that are given win over those in run folders; of networks that are not given, the own folders are used.
"""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral
from pathlib import Path
from typing import Any

from circuitlang.commands.choosing import unknown
from circuitlang.core.network import Compiled
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal, one_of
from circuitlang.reports.folders import run_folder
from circuitlang.weights import Choice


@dataclass(frozen=True, slots=True)
class Given:
    """Networks by name, sorted by what was given: files, run folders (their seeds, if known), networks in memory."""

    files: dict[str, Path] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    seeds: dict[str, int] = field(default_factory=dict)
    networks: dict[str, Any] = field(default_factory=dict)

    def choose(self, choice: Choice) -> Choice:
        """The same choice, with what was given."""
        return replace(choice, files=self.files, folders=self.folders, given=self.networks)

    def options(self, program: Program, seed: int | None) -> str:
        """What repeats it at a command line; a network in memory would have to be kept in a file first."""
        words = [f"{name}={path}" for name, path in self.files.items()]
        words += [f"{name}=FILE" for name in self.networks]
        others = [folder for name, folder in self.folders.items() if folder != run_folder(program, name, seed)]
        runs = [part for folder in others for part in ("--run", str(folder))]
        return shlex.join([*(part for word in words for part in ("--network", word)), *runs])


def given_networks(program: Program, given: object, asked: Iterable[str]) -> Given:
    """What was given for the networks that are asked about.

    Args:
        program: The program that declares them.
        given: None; a run, a network (`Transformer` or a TransformerBridge), or a path, for the only network that is
            asked about; or a mapping from names to these.
        asked: The networks that the claims are about.

    Raises:
        Refusal: E593 for a name that the program has not, and for one network given for several.
        TypeError: for what is no network.
    """
    found, names = Given(), list(asked)
    if given is None:
        return found
    if not isinstance(given, Mapping):
        return _sort(found, _meant(program, given, names), given)
    known = [network.name for network in program.networks]
    for name, one in given.items():
        if name not in known:
            raise unknown("network", str(name), known)
        _sort(found, name, one)
    return found


def _sort(found: Given, name: str, given: object) -> Given:
    import torch

    from circuitlang.runs import Run

    match given:
        case Run():
            found.folders[name], found.seeds[name] = given.folder, given.seed
        case str() | Path() if _record(Path(given)) is not None:
            found.folders[name] = Path(given)
        case str() | Path():
            found.files[name] = Path(given)
        case torch.nn.Module():
            found.networks[name] = given
        case _:
            raise TypeError(
                f"the network `{name}` is given as a {type(given).__name__}; "
                "give a Run, a network, a TransformerBridge or a path"
            )
    return found


def _meant(program: Program, given: object, asked: list[str]) -> str:
    """The network that one without a name is: the one its run is of, else the only one that claims are about."""
    from circuitlang.runs import Run

    about = given.network if isinstance(given, Run) else _record(Path(given)) if isinstance(given, str | Path) else None
    if about in asked:
        return about
    left = [name for name in asked if not isinstance(program.network(name).origin, Compiled)] or asked
    if about is None and len(left) == 1:
        return left[0]
    known = [network.name for network in program.networks]
    said = f"these claims are about {one_of(left, 'and')}" if left else "these claims look into no network"
    what = "one network is given without a name" if about is None else f"this is a run of `{about}`"
    example = ", ".join(f'"{name}": ...' for name in left or known[:1])
    raise Refusal(Diagnostic("E593", f"{what}, and {said}", helps=(f"say which it is: {{{example}}}",)))


def _record(path: Path) -> str | None:
    """The network whose run folder this is, None for anything else."""
    from circuitlang.reports.record import read_record

    record = read_record(path)
    return record.network if record else None


def given_choice(seed: int | None, device: object = "cpu") -> Choice:
    """A seed and a device, so that weights come from their own run folders."""
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, Integral)):
        raise TypeError(f"a seed is a whole number, not a {type(seed).__name__}")
    if seed is not None and not 0 <= seed < 2**32:
        raise ValueError(f"a seed is at least 0 and less than 2**32; {seed} is not")
    return Choice(seed=None if seed is None else int(seed), device=str(device))


def given_names(given: str | Iterable[str]) -> list[str]:
    """Names: one, or several."""
    listed = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    return [_text(one) for one in listed]


def given_name(given: str | None) -> list[str]:
    """A name, if one is given."""
    return [] if given is None else [_text(given)]


def _text(given: object) -> str:
    if isinstance(given, str):
        return given
    raise TypeError(f"a name is asked for, as text; not a {type(given).__name__}")


def given_path(given: object) -> Path | None:
    """A folder, if one is given."""
    if given is None:
        return None
    if isinstance(given, str | Path):
        return Path(given)
    raise TypeError(f"a folder is asked for, as text or a Path; not a {type(given).__name__}")

"""The elaborated Program: everything a `.circ` file means, with every name resolved."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from os.path import relpath
from pathlib import Path
from typing import Protocol, TypeVar

from circuitlang.core.alignment import Alignment
from circuitlang.core.claim import Circuit, Claim, Let, Ref, parts
from circuitlang.core.data import Data
from circuitlang.core.domain import Finite
from circuitlang.core.extern import Extern
from circuitlang.core.model import Model
from circuitlang.core.network import Basis, Network
from circuitlang.core.train import Train
from circuitlang.diagnostics.display import Displayed
from circuitlang.diagnostics.source import Source


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """The name."""
        ...


T = TypeVar("T", bound=Named)


@dataclass(frozen=True, kw_only=True)
class Program(Displayed):
    """A checked program; the parts stand in the order in which they were written."""

    source: Source = field(compare=False, repr=False)
    domains: tuple[Finite, ...] = ()
    externs: tuple[Extern, ...] = ()
    models: tuple[Model, ...] = ()
    networks: tuple[Network, ...] = ()
    bases: tuple[Basis, ...] = ()
    alignments: tuple[Alignment, ...] = ()
    data: tuple[Data, ...] = ()
    trains: tuple[Train, ...] = ()
    circuits: tuple[Circuit, ...] = ()
    lets: tuple[Let, ...] = ()
    claims: tuple[Claim, ...] = ()

    @property
    def summary(self) -> str:
        """What it declares, counted: `1 model, 2 networks, 5 claims`."""
        kinds = ("model", "network", "alignment", "data set", "circuit", "claim")
        declared = (self.models, self.networks, self.alignments, self.data, self.circuits, self.claims)
        counts = {kind: len(things) for kind, things in zip(kinds, declared, strict=True)}
        return ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts.items() if count)

    def __repr__(self) -> str:
        return f"Program({self.source.path}: {self.summary or 'nothing declared'})"

    @property
    def called_externs(self) -> tuple[Extern, ...]:
        """The Python functions that its models call, each once: those that must be allowed to run."""
        return tuple(dict.fromkeys(extern for model in self.models for extern in model.externs))

    @property
    def python_files(self) -> dict[str, str]:
        """The sha256 of every Python file that its models call, by the path from the program's folder."""
        home = Path(self.source.path).parent
        files = {Path(relpath(one.path, home)).as_posix(): one.sha256 for one in self.called_externs}
        return {path: sha256 for path, sha256 in files.items() if sha256 is not None}

    def model(self, name: str) -> Model:
        """The model of this name; KeyError if there is none, as for all lookups here."""
        return find(self.models, name)

    def network(self, name: str) -> Network:
        """The network of this name."""
        return find(self.networks, name)

    def alignment(self, name: str) -> Alignment:
        """The alignment of this name."""
        return find(self.alignments, name)

    def dataset(self, name: str) -> Data:
        """The data of this name."""
        return find(self.data, name)

    def claim(self, name: str) -> Claim:
        """The claim of this name."""
        return find(self.claims, name)

    def networks_of(self, claim: Claim) -> tuple[str, ...]:
        """The networks that a claim looks into, each once, in order."""
        refs = [part for one in claim.statements for part in parts(one.test) if isinstance(part, Ref)]
        owners = {"alignment": self.alignments, "circuit": self.circuits, "basis": self.bases}
        named = (
            ref.name if ref.kind == "network" else find(owners[ref.kind], ref.name).network
            for ref in refs
            if ref.kind == "network" or ref.kind in owners
        )
        return tuple(dict.fromkeys(named))

    def training(self, network: str) -> Train | None:
        """The training that gives this network its weights."""
        return next((train for train in self.trains if train.network == network), None)


def find(things: Iterable[T], name: str) -> T:
    """The thing of this name.

    Raises:
        KeyError: if there is none; elaboration has made sure of every name in the file.
    """
    for thing in things:
        if thing.name == name:
            return thing
    raise KeyError(name)

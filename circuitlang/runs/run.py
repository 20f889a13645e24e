"""A network that is kept in a folder.  In: a folder; out: what is known of its network, and its weights when asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from circuitlang import weights
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.diagnostics.display import Displayed
from circuitlang.weights import FILE, Choice

if TYPE_CHECKING:
    from circuitlang.networks.transformer import Transformer
    from circuitlang.reports.record import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Displayed):
    """A network that is kept in a folder.

    Attributes:
        program: The program that it is from.
        network: The network's name.
        folder: The folder, as it was given.
        record: What is known of it.
        news: What was done to have it now.
        after: The step after which a resumed training went on.
        diagnostics: What there is to say about how it came about.
    """

    program: Program = field(repr=False)
    network: str
    folder: Path
    record: RunRecord = field(repr=False)
    news: Literal["trained", "resumed", "found", "compiled"] = "found"
    after: int | None = None
    diagnostics: tuple[Diagnostic, ...] = field(default=(), compare=False, repr=False)

    @property
    def seed(self) -> int:
        """The seed that was asked for; a training that began anew has others beside it, see `record.training.seed`."""
        return self.record.seed

    @property
    def reached(self) -> bool:
        """Whether the claims that it was trained for held; compiled networks are exact."""
        return self.record.training is None or self.record.training.reached

    def load(self) -> Transformer:
        """The network, on the CPU.

        Raises:
            Refusal: E540 to E544 for a file that is not whole, E581 if it is not the network of the record.
        """
        from circuitlang.networks.artefacts import load_network, network_hash
        from circuitlang.reports.record import unrecorded

        path = self.folder / FILE
        network = load_network(path)[0]
        if network_hash(network) != self.record.network_sha256:
            raise unrecorded(path, "its run is about another network")
        return network


def open_run(program: Program, network: str, folder: Path | None = None, seed: int | None = None) -> Run:
    """The run in a folder, by default the network's own; its weights are read by `Run.load`.

    Raises:
        Refusal: E582 if it is of other declarations, E592 if there is none, E580, E596, E598 for a record that cannot
            be used.
    """
    from circuitlang.reports.record import read_record

    folder = folder or weights.folder_of(program, network, Choice(seed=seed))
    record = read_record(folder)
    if record is None:
        help_ = f"circuitc train {program.source.typed}"
        raise Refusal(Diagnostic("E592", f"there is no run of `{network}` in `{folder}`", helps=(help_,)))
    same_declarations(record, program, network, seed, folder)
    return Run(program=program, network=network, folder=folder, record=record)


def same_declarations(record: RunRecord, program: Program, network: str, seed: int | None, folder: Path) -> None:
    """E582 unless a record is of this network, as it is declared now."""
    from circuitlang.reports.folders import run_key

    if record.key == run_key(program, network, seed):
        return
    what = f"of `{record.network}` of {record.program}"
    if record.network == network:
        what = f"{what} under other declarations or another seed"
    message = f"`{folder}` holds the run {what}"
    raise Refusal(Diagnostic("E582", message, helps=("name another folder: --run DIR",)))

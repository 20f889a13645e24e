"""A network with all that is needed to look into it.  In: what a backend or a training run left; out: a subject."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from circuitlang.core.alignment import Alignment, Pair
from circuitlang.core.data import Data
from circuitlang.core.model import Model
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Label, Refusal, Span
from circuitlang.measurement.subject import Subject
from circuitlang.networks.patchable import Patchable
from circuitlang.simulation.reading import Reading


@dataclass(frozen=True, kw_only=True)
class Instrumented:
    """A network and how it is read.

    `origin` says where the weights came from: a run folder, a file.  `model` takes the place of the program's model of
    that name (a backend may have added nodes to it), and `pairs` are what a `derived` alignment stands for.
    """

    network: Patchable
    reading: Callable[[Data, Model], Reading]
    sha256: str = ""
    origin: str = ""
    model: Model | None = None
    pairs: tuple[Pair, ...] = ()

    def model_named(self, name: str, program: Program) -> Model:
        """The model that a claim on this network means."""
        return self.model if self.model is not None and self.model.name == name else program.model(name)

    def align(self, alignment: Alignment) -> Alignment:
        """The alignment with its pairs filled in."""
        return replace(alignment, pairs=self.pairs) if alignment.derived else alignment

    def subject(
        self, program: Program, data: Data, model: str, alignment: str | None, device: str, span: Span | None
    ) -> Subject:
        """The network under one of its models, on this data.

        Raises:
            Refusal: E655 if the network reads other tokens, shorter inputs or gives other answers than the data ask.
        """
        meant = self.model_named(model, program)
        reading = self.reading(data, meant)
        config = self.network.config
        head = "numerical" if reading.outputs is None else "categorical"
        wanted = {"words": reading.d_vocab, "answers": reading.d_out, "kind of answer": head}
        given = {"words": config.d_vocab, "answers": config.d_out, "kind of answer": config.head}
        # A tokenizer may have more tokens than the data use, and more words than the answers may be told apart.
        larger = (*(("words",) if reading.tokenizer else ()), *(("answers",) if reading.classes else ()))
        wanted |= {what: given[what] for what in larger if given[what] >= wanted[what]}
        differing = [f"{what}: {given[what]}, not {wanted[what]}" for what in wanted if wanted[what] != given[what]]
        if reading.n_ctx > config.n_ctx:  # BOS is not counted
            longest = f"{config.n_ctx - reading.first}, not {reading.n_ctx - reading.first}"
            differing.append(f"tokens of the longest input: {longest}")
        if differing:
            raise Refusal(
                Diagnostic(
                    "E655",
                    f"these weights are not for the inputs of `{data.name}` and the answers of `{model}`",
                    Label(span, "measured here") if span else None,
                    notes=("the network was made for " + "; ".join(differing),),
                    helps=("give the weights of a network that was trained or compiled for this data",),
                )
            )
        return Subject(
            model=meant,
            network=self.network,
            reading=reading,
            alignment=None if alignment is None else self.align(program.alignment(alignment)),
            tolerance=data.tolerance,
            device=device,
        )

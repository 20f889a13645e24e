"""circuitlang in one page: text, tree, program, network, verdict.  What is heavy is imported where it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from circuitlang.core.network import Checkpoint
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Source
from circuitlang.diagnostics.display import Displayed
from circuitlang.elaboration.elaborate import elaborate
from circuitlang.syntax import parse
from circuitlang.weights import Choice, construct, device_named, folder_of, infeasible, instrument, obtain, obtain_all

if TYPE_CHECKING:
    from circuitlang.backends.spec import TrainingSpec
    from circuitlang.backends.tracr.compiling import TracrNetwork
    from circuitlang.networks.transformer import Transformer
    from circuitlang.reports.diagram import Diagram
    from circuitlang.training.checkpoints import Keeper
    from circuitlang.training.outcome import Trained
    from circuitlang.training.progress import Tracker
    from circuitlang.verification import Instrumented, Laboratory, Report, StopTest, Verdict


@dataclass(frozen=True, slots=True)
class Checked(Displayed):
    """A program, if there is one, and everything that was found in its text."""

    program: Program | None
    diagnostics: tuple[Diagnostic, ...]

    def __repr__(self) -> str:
        codes = dict.fromkeys(one.code for one in self.diagnostics)
        return f"Checked({self.program!r}, {', '.join(codes) or 'no mistakes found'})"


def check(source: Source) -> Checked:
    """Text to core Program.  A text with errors has none; warnings do not matter."""
    tree, broken = parse(source)
    if tree is None:
        return Checked(None, broken)
    program, refused = elaborate(tree, source)
    diagnostics = (*broken, *refused, *(infeasible(program) if program else ()))
    return Checked(None if any(one.is_error for one in diagnostics) else program, diagnostics)


def allow_externs(program: Program) -> Program:
    """The program, able to call its Python functions: the files that its models need are imported now."""
    from circuitlang.externs import allow

    return allow(program)


def need_externs(program: Program) -> None:
    """Refusal E563 if the models of a program call Python functions that nobody has allowed."""
    from circuitlang.externs import refuse

    refuse(program)


def compile_to_tracr(program: Program, network: str) -> TracrNetwork:
    """A network that computes its causal model by construction, with the place of every node."""
    need_externs(program)
    return construct(program, network)


def specify(program: Program, network: str, seed: int | None = None) -> TrainingSpec:
    """The training of a network as a spec one can read."""
    from circuitlang.backends.siit import specify as specify_training

    train = program.training(network)
    assert train is not None
    return specify_training(program, train, seed)


def train(
    program: Program, spec: TrainingSpec, choice: Choice, tracker: Tracker | None = None, keeper: Keeper | None = None
) -> Trained:
    """Weights that satisfy a spec; the claims named by `until` decide when they do, `keeper` writes checkpoints."""
    from circuitlang.training.loop import train as train_network

    test, fixed = _stop_test(program, spec, choice)

    def stop(network: Transformer) -> bool:
        return test({**fixed, spec.network: instrument(program, spec.network, network)})

    until = stop if test.claims else None
    return train_network(spec, program, stop=until, tracker=tracker, device=test.device, keeper=keeper)


def missed(program: Program, spec: TrainingSpec, choice: Choice, network: Transformer) -> tuple[Verdict, ...]:
    """Which claims of a training do not hold of the network that came of it, and on which inputs."""
    test, fixed = _stop_test(program, spec, choice)
    return test.failed({**fixed, spec.network: instrument(program, spec.network, network)})


def _stop_test(program: Program, spec: TrainingSpec, choice: Choice) -> tuple[StopTest, dict[str, Instrumented]]:
    """What decides the claims of a training, and the other networks that they are about."""
    from circuitlang.verification import StopTest

    need_externs(program)
    claims = tuple(program.claim(name) for name in spec.until)
    others = dict.fromkeys(name for claim in claims for name in program.networks_of(claim) if name != spec.network)
    test = StopTest(program=program, claims=claims, seed=spec.seed, device=device_named(choice.device))
    return test, obtain_all(program, others, choice)


def laboratory(program: Program, choice: Choice) -> Laboratory:
    """Where claims are decided: whoever asks one claim after the other keeps it, and nothing is loaded twice."""
    from circuitlang.measurement.material import Material
    from circuitlang.verification import Laboratory

    material = Material(seed=choice.seed or 0)
    return Laboratory(program=program, networks={}, device=device_named(choice.device), material=material)


def verify(
    program: Program, choice: Choice, claims: Sequence[str] = (), options: str = "", lab: Laboratory | None = None
) -> Report:
    """Claims and weights to verdicts."""
    from circuitlang.verification import decide

    need_externs(program)
    lab = lab or laboratory(program, choice)
    chosen = [program.claim(name) for name in claims] or list(program.claims)
    names = dict.fromkeys(name for claim in chosen for name in program.networks_of(claim) if name not in lab.networks)
    lab.networks.update(obtain_all(program, names, choice))
    return decide(lab, chosen, options)


def render(program: Program, alignment: str | None, choice: Choice) -> Diagram:
    """A program, and what is known of its networks, to a diagram; without an alignment, of its models alone."""
    from circuitlang.reports.diagram import draw_alignment, draw_models
    from circuitlang.reports.folders import run_key
    from circuitlang.reports.marks import marks_of
    from circuitlang.reports.record import read_record

    if alignment is None:
        return draw_models(program.models)
    aligned = program.alignment(alignment)
    name, declared = aligned.network, program.network(aligned.network)
    model, shape, weights = program.model(aligned.model), declared.shape, None
    record = read_record(folder_of(program, name, choice))
    given = name in choice.files or name in choice.given
    if aligned.derived:
        need_externs(program)
    if aligned.derived or shape is None or given or (record and isinstance(declared.origin, Checkpoint)):
        found = obtain(program, name, choice)
        aligned, model = found.align(aligned), found.model_named(aligned.model, program)
        shape, weights = found.network.config.shape, found.sha256
    known = record.verdicts if record and record.key == run_key(program, name, choice.seed) else ()
    if record and weights not in (None, record.network_sha256):
        known = ()  # these are verdicts on other weights
    marks = marks_of(known, alignment, {claim.name: claim.text for claim in program.claims})
    return draw_alignment(model, shape, aligned, marks=marks, bases=program.bases)

"""Why a network has no weights.  In: a declared network, what was found instead; out: one refusal."""

import os
from dataclasses import fields
from pathlib import Path

from circuitlang.core.network import Network, TransformerShape
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Label, Refusal
from circuitlang.diagnostics.source import typed
from circuitlang.weights.choice import Choice


def require_shape(declared: Network, wanted: TransformerShape, given: TransformerShape, origin: str) -> None:
    """Refuse weights of another architecture than the declared one (or than the compiled one): E599."""
    names = [part.name for part in fields(TransformerShape) if getattr(wanted, part.name) != getattr(given, part.name)]
    idle = [
        *(("d_mlp", "activation") if wanted.attention_only else ()),
        *(("epsilon",) if wanted.norm == "none" else ()),
    ]
    names = [name for name in names if name not in idle]
    if not names:
        return
    differing = "; ".join(
        f"{name}: {_shown(getattr(given, name))} instead of {_shown(getattr(wanted, name))}" for name in names
    )
    notes = [f"the network there has {differing}"]
    if "norm" in names and given.norm == "none":
        notes.append("weights without those of a layernorm: there was none, or it was folded into what reads it")
    raise Refusal(
        Diagnostic(
            "E599",
            f"the weights from `{origin}` are those of another network than `{declared.name}`",
            label(declared, "declared here"),
            notes=tuple(notes),
            helps=("name the weights of this network, or declare the architecture of those",),
        )
    )


def untrained(program: Program, declared: Network, path: Path, choice: Choice) -> Refusal:
    """E592: there are no weights; where this version could not train them either, why not."""
    from circuitlang.backends.siit import specify
    from circuitlang.training.checkpoints import FILE as CHECKPOINT

    train = program.training(declared.name)
    if train is not None:
        specify(program, train, choice.seed)
    notes = [f"looked for {path}"]
    if declared.name not in choice.folders:
        notes = [f"{notes[0]}, a folder named after all that the weights depend on"]
    seed = "" if choice.seed is None else f" --seed {choice.seed}"
    seed += " --allow-extern" if program.called_externs else ""
    command = f"circuitc train {program.source.typed}{seed}" if train else f"--network {declared.name}=FILE"
    if os.path.exists(path.with_name(CHECKPOINT)):
        notes.append("a training was cut off there, and can go on")
        command += "" if declared.name not in choice.folders else f" --run {typed(path.parent)}"
        command += " --resume"
    message = f"`{declared.name}` has no weights yet"
    return Refusal(Diagnostic("E592", message, label(declared, "declared here"), notes=tuple(notes), helps=(command,)))


def absent(declared: Network, path: Path) -> Refusal:
    """E540: the file of a checkpoint is not there."""
    helps = (
        "check the path: in a `.circ` file it starts from the folder of that file",
        f"or name the weights: --network {declared.name}=FILE",
    )
    message = f"the weights of `{declared.name}` cannot be read: there is no `{path}`"
    return Refusal(Diagnostic("E540", message, label(declared, "declared here"), helps=helps))


def not_yet(code: str, declared: Network, what: str, instead: str) -> Refusal:
    """What a later version does."""
    return Refusal(Diagnostic(code, f"`{declared.name}` {what}", label(declared, "declared here"), helps=(instead,)))


def label(declared: Network, text: str) -> Label | None:
    """Where a network is declared."""
    return Label(declared.span, text) if declared.span else None


def _shown(setting: object) -> str:
    return str(setting).lower() if isinstance(setting, bool) else str(setting)

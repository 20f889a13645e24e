"""Whether a checkpoint is of the training that is to go on.  In: what stands beside a state, and what is asked for now;
out: nothing, what was edited since, or a refusal.
"""

from pathlib import Path
from typing import Any

from circuitlang.backends.spec import TrainingSpec
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal, one_of
from circuitlang.reports.folders import run_key
from circuitlang.reports.remembering import until_texts
from circuitlang.verification.verdict import versions

_VERSIONS = ("circuitlang", "numpy", "torch")  # others do not decide what a step computes


def training_identity(program: Program, spec: TrainingSpec, device: str) -> dict[str, Any]:
    """What a checkpoint says of its training; of a device its kind."""
    known = versions()
    return {
        "network": spec.network,
        "key": run_key(program, spec.network, spec.seed),
        "spec": spec.model_dump(mode="json"),
        "claims": until_texts(program, spec),
        "versions": {name: known[name] for name in _VERSIONS},
        "device": device.partition(":")[0],
    }


def check_identity(found: dict[str, Any], wanted: dict[str, Any], path: Path) -> None:
    """See that a state belongs to the training that is wanted; claims may have been edited.

    Args:
        found: What stands beside the state.
        wanted: What is asked for now.
        path: The file of the checkpoint.

    Raises:
        Refusal: E553 for another training, E554 for other versions or another kind of device.
    """
    if _settings(found) != _settings(wanted):
        what = f"`{found.get('network')}`, not `{wanted['network']}`"
        if found.get("network") == wanted["network"]:
            what = f"`{wanted['network']}` under other declarations or another seed"
        message = f"the checkpoint `{path}` is of a training of {what}"
        raise Refusal(Diagnostic("E553", message, helps=("name another folder: --run DIR",)))
    before, now = found.get("versions"), wanted["versions"]
    known = before if isinstance(before, dict) else {}
    differing = [f"{name} {known.get(name)}, not {now[name]}" for name in now if known.get(name) != now[name]]
    if found.get("device") != wanted["device"]:
        differing.append(f"on {found.get('device')}, not on {wanted['device']}")
    if differing:
        message = f"the checkpoint `{path}` was written with {'; '.join(differing)}"
        install = "install the versions that it names, or choose its device with --device, and go on then"
        raise Refusal(Diagnostic("E554", message, helps=(install,)))


def edited_claims(
    before: object, program: Program, spec: TrainingSpec, verify: str, going_on: bool
) -> tuple[Diagnostic, ...]:
    """W556 where the claims that end a training were edited since it began; `verify` is a command that decides them."""
    now, known = until_texts(program, spec), before if isinstance(before, dict) else {}
    edited = [name for name in now if known.get(name) != now[name]]
    if not edited:
        return ()
    what = "training goes on until they hold as they are now" if going_on else "nothing was trained again for that"
    message = f"{one_of(edited, 'and')}, by which the training of `{spec.network}` ends, {_have(edited)} edited since"
    return (Diagnostic("W556", message, notes=(what,), helps=(f"{verify}    (decides them)",)),)


def _settings(identity: dict[str, Any]) -> dict[str, Any]:
    """All that decides the steps; the bound below which no claim is decided comes from the claims."""
    spec = identity.get("spec")
    settings = dict(spec) if isinstance(spec, dict) else {}
    check = settings.get("check")
    settings["check"] = (
        {name: one for name, one in check.items() if name != "gate"} if isinstance(check, dict) else None
    )
    return {"network": identity.get("network"), "key": identity.get("key"), "spec": settings}


def _have(things: list[str]) -> str:
    return "was" if len(things) == 1 else "were"

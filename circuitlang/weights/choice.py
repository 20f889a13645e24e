"""What the user chose.  In: networks, files, folders, a seed, a device; out: one frozen value, and what it means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Where weights come from and what runs them, by the names of networks.

    `given` are networks in memory: a `Transformer`, a `TransformerBridge`, or what loads one by `load()`.  Else weights
    are taken from `files` (or folders of Hugging Face models), else from run `folders`, else from the network's own.
    """

    given: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)
    seed: int | None = None
    device: str = "cpu"


def folder_of(program: Program, network: str, choice: Choice) -> Path:
    """The run folder of a network."""
    from circuitlang.reports.folders import run_folder

    return choice.folders.get(network) or run_folder(program, network, choice.seed)


def device_named(name: str) -> str:
    """The device of this name, if it is there.

    Raises:
        Refusal: E597 if it is not there, or is none that networks run on.
    """
    import torch

    there = ["cpu", *(["cuda"] if torch.cuda.is_available() else []), *(["mps"] if torch.mps.is_available() else [])]
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", name):
        reason = "devices are called `cpu`, `cuda`, `cuda:1` (the second one) and `mps`"
    elif name.split(":")[0] not in there:
        reason = "this torch finds none; it may have been built without, or the driver may be missing"
    elif name.startswith("cuda:") and int(name[5:]) >= torch.cuda.device_count():
        reason = f"torch finds {torch.cuda.device_count()}, counted from 0"
    else:
        return name
    helps = tuple(f"--device {one}" for one in there)
    raise Refusal(Diagnostic("E597", f"there is no device `{name}` here", notes=(reason,), helps=helps))

"""Signed files of tensors and words.  In: a config, tensors, words about them; out: the bytes of one safetensors file
and back, or a refusal.

The metadata hold a schema version, the config, the words, and a checksum over these and the tensors; no pickle is ever
written or opened.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic
import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.diagnostics.writing import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a file holds, what its metadata are called, their schema version, and what to do where it is another's or
    damaged.

    There is one key for all metadata: safetensors writes several in an order that differs from run to run.
    """

    noun: str
    key: str
    wanted: str
    repair: str
    path_help: str
    version: int = 1


NETWORK = Kind(
    noun="network",
    key="circuitlang",
    wanted="give a file that `circuitc train` or `circuitc compile` wrote",
    repair="copy it again from where it came, or train or compile the network again",
    path_help="check the path: on the command line it starts from the folder that you are in",
)
CHECKPOINT = Kind(
    noun="checkpoint",
    key="circuitlang checkpoint",
    wanted="`circuitc train FILE --again` replaces it and trains anew, or name another folder: --run DIR",
    repair="train anew: circuitc train FILE --again",
    path_help="make it readable, or train anew: circuitc train FILE --again",
    version=2,  # 1 knew one attempt
)
KINDS = (NETWORK, CHECKPOINT)


class Stored(pydantic.BaseModel):
    """The metadata, as JSON."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    schema_version: int = pydantic.Field(ge=1)
    config: dict[str, Any]
    about: dict[str, Any]
    sha256: str


@dataclass(frozen=True, slots=True, eq=False)
class Unpacked:
    """The content of a file that is wholly intact; that its parts fit each other is not looked at."""

    config: dict[str, Any]
    about: dict[str, Any]
    tensors: dict[str, Tensor]


def pack(config: dict[str, Any], tensors: Mapping[str, Tensor], about: dict[str, Any], kind: Kind) -> bytes:
    """The content of a signed file; that config and tensors fit each other is not looked at."""
    signature = checksum(tensors, config, about)
    stored = Stored(schema_version=kind.version, config=config, about=about, sha256=signature)
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    return safetensors.torch.save(plain, {kind.key: canonical(stored.model_dump())})


def read_packed(path: str | Path, kind: Kind) -> bytes:
    """The bytes of a file.

    Raises:
        Refusal: E540 with the system's reason.
    """
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path that holds a null character
        message = f"the {kind.noun} `{path}` cannot be read: {reason(error)}"
        raise Refusal(Diagnostic("E540", message, helps=(kind.path_help,))) from error


def unpack(content: bytes, name: str, kind: Kind) -> Unpacked:
    """What is in a file called `name`.

    Raises:
        Refusal: E541 for a foreign file, E542 for a newer one, E543 for a damaged one.
    """
    stored = metadata_of(content, name, kind)
    try:
        tensors = safetensors.torch.load(content)
        intact = checksum(tensors, stored.config, stored.about) == stored.sha256
    # A damaged header fails in whatever way the reader of safetensors happens to fail.
    except (SafetensorError, AttributeError, KeyError, OverflowError, RuntimeError, TypeError, ValueError) as error:
        raise Refusal(damaged(name, "its header contradicts its content", kind)) from error
    if not intact:
        raise Refusal(damaged(name, "its content does not have the checksum that was written with it", kind))
    return Unpacked(stored.config, stored.about, tensors)


def metadata_of(content: bytes, name: str, kind: Kind) -> Stored:
    """The metadata in the header of a file that is ours, of this kind, and of a schema that we know."""
    if len(content) < 9:
        raise Refusal(damaged(name, f"it ends after {len(content)} bytes", kind))
    if content[8:9] != b"{":
        raise Refusal(foreign(name, format_of(content), kind))
    length = int.from_bytes(content[:8], "little")
    if length > len(content) - 8:
        how = f"its header should have {length} bytes, but {len(content) - 8} are there"
        raise Refusal(damaged(name, how, kind))
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise Refusal(damaged(name, "its header is not JSON", kind)) from error
    texts = header.get("__metadata__")
    text = texts.get(kind.key) if isinstance(texts, dict) else None
    if not isinstance(text, str):
        other = next((one.noun for one in KINDS if isinstance(texts, dict) and one.key in texts), None)
        found = f"a {other} of circuitlang" if other else "a safetensors file of another program"
        raise Refusal(foreign(name, found, kind))
    try:
        metadata = json.loads(text)
        version = metadata["schema_version"]
        if isinstance(version, int) and version > kind.version:
            message = f"`{name}` has schema version {version}, but this circuitlang reads up to {kind.version}"
            raise Refusal(Diagnostic("E542", message, helps=("pip install --upgrade circuitlang",)))
        stored = Stored.model_validate(metadata)
        if canonical(stored.model_dump()) != text:  # such as `\u00EF` for `\u00ef`
            raise ValueError("not as we write it")
        return stored
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        raise Refusal(damaged(name, "its metadata cannot be read", kind)) from error


def misfit(tensors: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]], whole: str) -> str | None:
    """The first tensor that is missing, that is none of `whole`, or that has another shape; None if all fit."""
    for key in sorted(expected.keys() | tensors.keys()):
        if key not in tensors:
            return f"`{key}` is missing"
        if key not in expected:
            return f"`{key}` is no weight of the {whole} that it describes"
        if tuple(tensors[key].shape) != expected[key]:
            return f"`{key}` has shape {list(tensors[key].shape)}, not {list(expected[key])}"
    return None


def not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """The first tensor that holds NaN or an infinity, for which every claim would be refuted; None if none does."""
    for key in sorted(tensors):
        one = tensors[key].detach()
        one = one.float() if one.is_floating_point() and one.itemsize == 1 else one  # of 8 bits, which lack the test
        if not one.isfinite().all():
            return f"`{key}` holds NaN or infinite numbers"
    return None


def checksum(tensors: Mapping[str, Tensor], *words: dict[str, Any]) -> str:
    """A sha256 over JSON and tensors, each preceded by what it is and how long, so that no two contents collide."""
    parts = [("json", canonical(word).encode()) for word in words]
    for name, tensor in sorted(tensors.items()):
        label = f"{name} {str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"
        parts.append((label, tensor.detach().cpu().contiguous().numpy().tobytes()))
    total = hashlib.sha256()
    for label, content in parts:
        total.update(json.dumps([label, len(content)]).encode() + b"\n")
        total.update(content)
    return total.hexdigest()


def canonical(words: Mapping[str, Any]) -> str:
    """JSON, the same text for the same content."""
    return json.dumps(words, sort_keys=True, allow_nan=False)


def format_of(content: bytes) -> str:
    """What a file that is no safetensors file seems to be."""
    if content.startswith((b"PK\x03\x04", b"\x80")):
        return "a pickle, which circuitlang never opens"
    return "a JSON text" if content.lstrip().startswith((b"{", b"[")) else "another format"


def foreign(name: str, found: str, kind: Kind = NETWORK) -> Diagnostic:
    """E541: a file of someone else."""
    message = f"`{name}` is not a {kind.noun} that circuitlang wrote: it is {found}"
    return Diagnostic("E541", message, helps=(kind.wanted,))


def damaged(name: str, how: str, kind: Kind = NETWORK) -> Diagnostic:
    """E543: a file of ours whose bytes have changed."""
    return Diagnostic("E543", f"the {kind.noun} `{name}` is damaged: {how}", helps=(kind.repair,))


def other_shape(name: str, how: str, kind: Kind = NETWORK) -> Diagnostic:
    """E544: an intact file whose parts do not belong together."""
    told = "the weights in `{}` do not fit its config: {}" if kind is NETWORK else "`{}` fits no training: {}"
    helps = ("circuitlang never writes such a file: look at the program that did",)
    return Diagnostic("E544", told.format(name, how), helps=helps)

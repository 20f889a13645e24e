"""Networks as files.  In: a network and words about it; out: one safetensors file and back, or a refusal.

The metadata of the file hold a schema version, the config, what the caller wants to remember, and a checksum over
config, memories and weights; no pickle is ever written or opened.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import pydantic
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.networks.config import TransformerConfig, check_buildable
from circuitlang.networks.transformer import Transformer

KEY = "circuitlang"  # one key for all metadata: safetensors writes several in an order that differs from run to run
SCHEMA_VERSION = 1
CONFIG = pydantic.TypeAdapter(TransformerConfig)


class Stored(pydantic.BaseModel):
    """The metadata, as JSON."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    schema_version: int = pydantic.Field(ge=1, le=SCHEMA_VERSION)
    config: dict[str, Any]
    about: dict[str, Any]
    sha256: str


def save_network(network: Transformer, path: str | Path, about: Mapping[str, Any]) -> None:
    """Write a network to a file; `about` is anything that JSON can hold.  All of it is written, or nothing.

    Raises:
        Refusal: E545 if the file cannot be written; one that was there is then unchanged.
    """
    path, content = Path(path), network_to_bytes(network, about)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        message = f"the network could not be stored as `{path}`: {reason(error)}"
        help_ = "store it in a folder that exists, that you may write to, and that has room"
        raise Refusal(Diagnostic("E545", message, helps=(help_,))) from error
    finally:
        temporary.unlink(missing_ok=True)


def load_network(path: str | Path) -> tuple[Transformer, dict[str, Any]]:
    """The network in a file, on the CPU, and what was stored about it.

    Raises:
        Refusal: E540 to E544; a file that is not wholly intact is never used.
    """
    try:
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path that holds a null character
        message = f"the network `{path}` cannot be read: {reason(error)}"
        raise Refusal(
            Diagnostic(
                "E540",
                message,
                helps=("check the path: on the command line it starts from the folder that you are in",),
            )
        ) from error
    return network_from_bytes(content, str(path))


def network_hash(network: Transformer) -> str:
    """A sha256, in hexadecimal, over the config and every bit of the weights: equal for equal networks only."""
    return checksum(network.state_dict(), asdict(network.config))


def network_to_bytes(network: Transformer, about: Mapping[str, Any]) -> bytes:
    """The content of a file that `network_from_bytes` reads."""
    words = json.loads(json.dumps(about, allow_nan=False))  # tuples and number keys as they will come back
    return pack(asdict(network.config), network.state_dict(), words)


def pack(config: dict[str, Any], weights: Mapping[str, Tensor], about: dict[str, Any]) -> bytes:
    """A signed file; that config and weights fit each other is not looked at."""
    signature = checksum(weights, config, about)
    stored = Stored(schema_version=SCHEMA_VERSION, config=config, about=about, sha256=signature)
    tensors = {name: weight.detach().cpu().contiguous() for name, weight in weights.items()}
    return safetensors.torch.save(tensors, {KEY: canonical(stored.model_dump())})


def network_from_bytes(content: bytes, name: str) -> tuple[Transformer, dict[str, Any]]:
    """The network in the content of a file called `name`, and what was stored about it.

    Raises:
        Refusal: E541 for a foreign file, E542 for a newer one, E543 for a damaged one, E544 if config and weights
            do not belong together.
    """
    stored = metadata_of(content, name)
    try:
        weights = safetensors.torch.load(content)
        intact = checksum(weights, stored.config, stored.about) == stored.sha256
    # A damaged header fails in whatever way the reader of safetensors happens to fail.
    except (SafetensorError, AttributeError, KeyError, OverflowError, RuntimeError, TypeError, ValueError) as error:
        raise Refusal(damaged(name, "its header contradicts its content")) from error
    if not intact:
        raise Refusal(damaged(name, "its content does not have the checksum that was written with it"))
    return fill(parse_config(stored.config, len(weights), name), weights, name), stored.about


def metadata_of(content: bytes, name: str) -> Stored:
    """The metadata in the header of a file that is ours and of a schema that we know."""
    if len(content) < 9:
        raise Refusal(damaged(name, f"it ends after {len(content)} bytes"))
    if content[8:9] != b"{":
        raise Refusal(foreign(name, kind_of(content)))
    length = int.from_bytes(content[:8], "little")
    if length > len(content) - 8:
        raise Refusal(damaged(name, f"its header should have {length} bytes, but {len(content) - 8} are there"))
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise Refusal(damaged(name, "its header is not JSON")) from error
    texts = header.get("__metadata__")
    text = texts.get(KEY) if isinstance(texts, dict) else None
    if not isinstance(text, str):
        raise Refusal(foreign(name, "a safetensors file of another program"))
    try:
        metadata = json.loads(text)
        version = metadata["schema_version"]
        if isinstance(version, int) and version > SCHEMA_VERSION:
            message = f"`{name}` has schema version {version}, but this circuitlang reads up to {SCHEMA_VERSION}"
            raise Refusal(Diagnostic("E542", message, helps=("pip install --upgrade circuitlang",)))
        stored = Stored.model_validate(metadata)
        if canonical(stored.model_dump()) != text:  # such as `\u00EF` for `\u00ef`
            raise ValueError("not as we write it")
        return stored
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        raise Refusal(damaged(name, "its metadata cannot be read")) from error


def parse_config(stored: dict[str, Any], weights: int, name: str) -> TransformerConfig:
    """The config that the metadata describe, if a network of that many weights can have it."""
    try:
        config = CONFIG.validate_python(stored)
        check_buildable(config)
    except (ValueError, Refusal) as error:
        raise Refusal(other_shape(name, "its config describes no transformer")) from error
    # Unknown keys and numbers written as text are let through by the validation; they do not come back the same.
    if canonical(asdict(config)) != canonical(stored) or config.shape.layers > weights:
        raise Refusal(other_shape(name, "its config describes no transformer"))
    return config


def fill(config: TransformerConfig, weights: Mapping[str, Tensor], name: str) -> Transformer:
    """A network with these weights, if every one fits."""
    try:
        with torch.device("meta"):  # shapes only: nothing is allocated before we know that they fit
            expected = {key: tuple(weight.shape) for key, weight in Transformer(config).state_dict().items()}
    except (RuntimeError, TypeError, OverflowError) as error:
        raise Refusal(other_shape(name, "its config describes a transformer too large to exist")) from error
    for key in sorted(expected.keys() | weights.keys()):
        if key not in weights:
            raise Refusal(other_shape(name, f"`{key}` is missing"))
        if key not in expected:
            raise Refusal(other_shape(name, f"`{key}` is no weight of the transformer that it describes"))
        if tuple(weights[key].shape) != expected[key]:
            shapes = f"{list(weights[key].shape)}, not {list(expected[key])}"
            raise Refusal(other_shape(name, f"`{key}` has shape {shapes}"))
    kinds = {weight.dtype for weight in weights.values()}
    if len(kinds) != 1 or not kinds <= {torch.float32, torch.float64}:
        found = ", ".join(sorted(str(kind).removeprefix("torch.") for kind in kinds))
        raise Refusal(other_shape(name, f"its weights are {found}, not all float32 or all float64"))
    network = Transformer(config).to(kinds.pop())
    network.load_state_dict(dict(weights))
    return network


def checksum(weights: Mapping[str, Tensor], *words: dict[str, Any]) -> str:
    """A sha256 over JSON and weights, each preceded by what it is and how long, so that no two contents collide."""
    parts = [("json", canonical(word).encode()) for word in words]
    for name, weight in sorted(weights.items()):
        label = f"{name} {str(weight.dtype).removeprefix('torch.')} {list(weight.shape)}"
        parts.append((label, weight.detach().cpu().contiguous().numpy().tobytes()))
    total = hashlib.sha256()
    for label, content in parts:
        total.update(json.dumps([label, len(content)]).encode() + b"\n")
        total.update(content)
    return total.hexdigest()


def canonical(words: Mapping[str, Any]) -> str:
    """JSON, the same text for the same content."""
    return json.dumps(words, sort_keys=True, allow_nan=False)


def kind_of(content: bytes) -> str:
    """What a file that is no safetensors file seems to be."""
    if content.startswith((b"PK\x03\x04", b"\x80")):
        return "a pickle, which circuitlang never opens"
    return "a JSON text" if content.lstrip().startswith((b"{", b"[")) else "another format"


def reason(error: Exception) -> str:
    """What the operating system says, without its number."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def foreign(name: str, found: str) -> Diagnostic:
    """A file of someone else."""
    helps = ("give a file that `circuitc train` or `circuitc compile` wrote",)
    return Diagnostic("E541", f"`{name}` is not a network that circuitlang wrote: it is {found}", helps=helps)


def damaged(name: str, how: str) -> Diagnostic:
    """A file of ours whose bytes have changed."""
    helps = ("copy it again from where it came, or train or compile the network again",)
    return Diagnostic("E543", f"the network `{name}` is damaged: {how}", helps=helps)


def other_shape(name: str, how: str) -> Diagnostic:
    """An intact file whose parts do not belong together."""
    helps = ("circuitlang never writes such a file: look at the program that did",)
    return Diagnostic("E544", f"the weights in `{name}` do not fit its config: {how}", helps=helps)

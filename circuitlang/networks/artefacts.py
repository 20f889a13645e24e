"""Networks as files.  In: a network and words about it; out: one signed safetensors file and back, or a refusal."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pydantic
import torch
from torch import Tensor

from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.diagnostics.writing import reason, write_file
from circuitlang.networks.config import TransformerConfig, check_buildable
from circuitlang.networks.packing import (
    NETWORK,
    canonical,
    checksum,
    misfit,
    not_finite,
    other_shape,
    pack,
    read_packed,
    unpack,
)
from circuitlang.networks.transformer import Transformer

CONFIG = pydantic.TypeAdapter(TransformerConfig)


def save_network(network: Transformer, path: str | Path, about: Mapping[str, Any]) -> None:
    """Write a network to a file; `about` is anything that JSON can hold.  All of it is written, or nothing.

    Raises:
        Refusal: E545 if the file cannot be written; one that was there is then unchanged.
    """
    write_file(Path(path), network_to_bytes(network, about), make_folder=False, refuse=cannot_store)


def load_network(path: str | Path) -> tuple[Transformer, dict[str, Any]]:
    """The network in a file, on the CPU, and what was stored about it.

    Raises:
        Refusal: E540 to E544; a file that is not wholly intact is never used.
    """
    return network_from_bytes(read_packed(path, NETWORK), str(path))


def network_hash(network: Transformer) -> str:
    """A sha256, in hexadecimal, over the config and every bit of the weights: equal for equal networks only."""
    return checksum(network.state_dict(), asdict(network.config))


def network_to_bytes(network: Transformer, about: Mapping[str, Any]) -> bytes:
    """The content of a file that `network_from_bytes` reads."""
    words = json.loads(json.dumps(about, allow_nan=False))  # tuples and number keys as they will come back
    return pack(asdict(network.config), network.state_dict(), words, NETWORK)


def network_from_bytes(content: bytes, name: str) -> tuple[Transformer, dict[str, Any]]:
    """The network in the content of a file called `name`, and what was stored about it.

    Raises:
        Refusal: E541 for a foreign file, E542 for a newer one, E543 for a damaged one, E544 if config and weights
            do not belong together.
    """
    found = unpack(content, name, NETWORK)
    return fill(parse_config(found.config, len(found.tensors), name), found.tensors, name), found.about


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
    wrong = misfit(weights, expected, "transformer")
    if wrong is not None:
        raise Refusal(other_shape(name, wrong))
    kinds = {weight.dtype for weight in weights.values()}
    if len(kinds) != 1 or not kinds <= {torch.float32, torch.float64}:
        found = ", ".join(sorted(str(kind).removeprefix("torch.") for kind in kinds))
        raise Refusal(other_shape(name, f"its weights are {found}, not all float32 or all float64"))
    broken = not_finite(weights)
    if broken is not None:
        raise Refusal(other_shape(name, broken))
    network = Transformer(config).to(kinds.pop())
    network.load_state_dict(dict(weights))
    return network


def cannot_store(path: Path, error: OSError) -> Diagnostic:
    """E545: a place where a network cannot be stored."""
    message = f"the network could not be stored as `{path}`: {reason(error)}"
    return Diagnostic(
        "E545", message, helps=("store it in a folder that exists, that you may write to, and that has room",)
    )

"""Networks in files and from Python, whoever made them.  In: a path and the declared architecture, or an object; out:
the network and what is known about it.  No pickle is ever opened.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import nn

from circuitlang.core.network import TransformerShape
from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.networks.artefacts import network_from_bytes
from circuitlang.networks.bridges.foreign import FINITE, network_from_foreign
from circuitlang.networks.config import TransformerConfig
from circuitlang.networks.packing import KINDS, NETWORK, damaged, format_of, not_finite, read_packed

WEIGHTS = "network.safetensors"  # in a run folder


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opened:
    """A network from a file or a folder; `about` is what was stored with it, `tokenizer` the one that it reads with."""

    network: Any
    about: dict[str, Any] = field(default_factory=dict)
    tokenizer: Any = None


def open_network(path: Path, shape: TransformerShape | None) -> Opened:
    """A file that circuitlang wrote, a safetensors file with names of TransformerLens or GPT-2, or a model folder.

    Args:
        path: The file, a run folder, or the folder of a Hugging Face model.
        shape: The declared architecture, if there is one; the network may turn out to have another.

    Raises:
        Refusal: E540 to E544 for what cannot be read, E547 to E549 for foreign weights that make no network, and for
            folders what `pretrained.open_pretrained` says.
    """
    if os.path.isfile(path / WEIGHTS):  # which is False, as no method of a path is, where nobody may look
        path = path / WEIGHTS
    elif os.path.isfile(path / "config.json"):
        from circuitlang.networks.bridges.pretrained import open_pretrained

        return open_pretrained(path)
    content = read_packed(path, NETWORK)
    # The first byte of a safetensors file is any byte, that of a pickle included; its ninth opens a JSON object.
    if content[8:9] != b"{" and format_of(content).startswith("a pickle"):
        raise Refusal(_pickle(path))
    if not _is_foreign(content):
        network, about = network_from_bytes(content, str(path))
        return Opened(network=network, about=about)
    if shape is None:
        message = f"`{path}` is not from circuitlang, and nothing says which architecture its weights belong to"
        help_ = f'declare it: checkpoint("{path.name}") {{ layers = 2  heads = 4  d_model = 64 }}'
        raise Refusal(Diagnostic("E548", message, helps=(help_,)))
    try:
        tensors = safetensors.torch.load(content)
    # A damaged header fails in whatever way the reader of safetensors happens to fail.
    except (SafetensorError, AttributeError, KeyError, OverflowError, RuntimeError, TypeError, ValueError) as error:
        raise Refusal(damaged(str(path), "its header contradicts its content")) from error
    return Opened(network=network_from_foreign(tensors, shape, str(path)))


def take_network(given: object) -> Opened:
    """A network that Python gave: a `Transformer`, a `TransformerBridge`, or what loads one by `load()`, such as a run.

    A bridge becomes a `Transformer` where that can hold it exactly; otherwise it is run as it is, by its own hooks.

    Raises:
        Refusal: E538 for a bridge without the hooks that are needed, E549 for weights that are no finite numbers.
        TypeError: for anything else.
    """
    if isinstance(getattr(given, "config", None), TransformerConfig):
        _require_numbers(given)
        return Opened(network=given)
    load = getattr(given, "load", None)
    if callable(load) and not isinstance(given, nn.Module):
        return take_network(load())

    from transformer_lens.model_bridge import TransformerBridge

    if not isinstance(given, TransformerBridge):
        raise TypeError(f"a network is asked for: a Transformer or a TransformerBridge, not a {type(given).__name__}")

    from circuitlang.networks.bridges.inward import from_bridge
    from circuitlang.networks.bridges.tokenizing import tokenizer_of

    _require_numbers(given)
    tokenizer = tokenizer_of(given)
    try:
        return Opened(network=from_bridge(given), tokenizer=tokenizer)
    except Refusal:
        from circuitlang.networks.bridges.hooked import Bridged

        return Opened(network=Bridged(given), tokenizer=tokenizer)


def _require_numbers(given: Any) -> None:
    broken = not_finite(dict(given.named_parameters())) if isinstance(given, nn.Module) else None
    if broken is not None:
        message = f"the weights that are given are not all numbers: {broken}"
        raise Refusal(Diagnostic("E549", message, helps=(FINITE,)))


def _is_foreign(content: bytes) -> bool:
    """Whether this is a safetensors file without metadata of ours, not even under a damaged name."""
    try:
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        metadata = header.get("__metadata__") or {}
        return not any(kind.key in metadata for kind in KINDS) and "schema_version" not in json.dumps(metadata)
    except (AttributeError, RecursionError, TypeError, ValueError):
        return False


def _pickle(path: Path) -> Diagnostic:
    new = path.with_name(f"{path.stem}{'.new' if path.suffix == '.safetensors' else ''}.safetensors")
    helps = (
        "convert it where you trust its author:\n"
        f"weights = torch.load(open({str(path)!r}, 'rb'), weights_only=True)\n"
        f"safetensors.torch.save_file(weights, {str(new)!r})",
    )
    message = f"`{path}` is a pickle, which circuitlang never opens"
    notes = ("opening a pickle can run any code that its author put there",)
    return Diagnostic("E541", message, notes=notes, helps=helps)

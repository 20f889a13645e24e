"""Models of Hugging Face.  In: a folder with config.json, model.safetensors and tokenizer.json; out: the network with
its tokenizer, or a refusal.  Nothing is downloaded, no pickle is opened, and no code from the folder is run.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.networks.packing import not_finite

if TYPE_CHECKING:
    from circuitlang.networks.bridges.opening import Opened

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
SAVE = "save it with transformers: model.save_pretrained(FOLDER); tokenizer.save_pretrained(FOLDER)"


def open_pretrained(folder: Path) -> "Opened":
    """The model in a folder, in float32 on the CPU, and its tokenizer.

    A GPT-2 becomes a `Transformer`, which computes the same; another architecture is run by the hooks of its bridge.

    Raises:
        Refusal: E537 for what is missing in the folder, cannot be read or would run code; E538 for an architecture
            that TransformerLens has no bridge for, or that has no nodes to patch; E539 for weights that do not fit.
    """
    _require_files(folder)
    with _quiet():
        from transformer_lens.model_bridge import TransformerBridge
        from transformers import AutoModelForCausalLM, AutoTokenizer

        from circuitlang.networks.bridges.opening import Opened, take_network

        local = {"local_files_only": True, "trust_remote_code": False}
        tokenizer = _attempt(folder, "its tokenizer", lambda: AutoTokenizer.from_pretrained(folder, **local))
        model, found = _attempt(
            folder,
            "its model",
            lambda: AutoModelForCausalLM.from_pretrained(
                folder,
                **local,
                use_safetensors=True,
                ignore_mismatched_sizes=True,  # they are told below, with their names
                dtype="float32",
                attn_implementation="eager",  # the others compute no scores or patterns that hooks could see
                output_loading_info=True,
            ),
        )
        _require_weights(folder, found, not_finite(dict(model.named_parameters())))
        try:
            # The name keeps TransformerLens from looking anything up: the model is here.
            bridge = TransformerBridge.boot_transformers(
                str(folder), hf_model=model.eval(), tokenizer=tokenizer, device="cpu"
            )
        except (AttributeError, KeyError, NotImplementedError, TypeError, ValueError) as error:
            raise Refusal(_no_bridge(folder, type(model).__name__)) from error
        opened = take_network(bridge)
    about = {"architecture": type(model).__name__, "model_type": model.config.model_type}
    return Opened(network=opened.network, about=about, tokenizer=opened.tokenizer)


def _require_files(folder: Path) -> None:
    """Refuse a folder that lacks a file, or whose files would run code."""
    for name in ("config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise Refusal(_unreadable(folder, f"it has no `{name}`", SAVE))
    if not any((folder / name).is_file() for name in WEIGHTS):
        pickles = sorted(path.name for path in folder.iterdir() if path.suffix in (".bin", ".pt", ".pth", ".ckpt"))
        if pickles:
            how = f"its weights are a pickle, `{pickles[0]}`, which circuitlang never opens"
            help_ = "convert them where you trust their author: model.save_pretrained(FOLDER) writes model.safetensors"
            raise Refusal(_unreadable(folder, how, help_))
        raise Refusal(_unreadable(folder, "it has no `model.safetensors`", SAVE))
    for name in ("config.json", "tokenizer_config.json"):
        if (folder / name).is_file() and "auto_map" in _settings(folder, name):
            how = f"its `{name}` asks for Python code of its own (`auto_map`), which circuitlang never runs"
            help_ = "use a model of an architecture that transformers itself has"
            raise Refusal(_unreadable(folder, how, help_))


def _settings(folder: Path, name: str) -> dict[str, Any]:
    try:
        settings = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, RecursionError, ValueError) as error:
        raise Refusal(_unreadable(folder, f"its `{name}` is not JSON", SAVE)) from error
    if not isinstance(settings, dict):
        raise Refusal(_unreadable(folder, f"its `{name}` holds no settings", SAVE))
    return settings


def _attempt(folder: Path, what: str, load: Callable[[], Any]) -> Any:
    """What transformers loads; it fails in whatever way the files happen to make it fail."""
    try:
        return load()
    except MemoryError:
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise Refusal(_unreadable(folder, f"{what} cannot be loaded", SAVE, reason)) from error


def _require_weights(folder: Path, found: dict[str, Any], broken: str | None) -> None:
    """Refuse weights that are missing or have another shape, for which transformers makes up random ones, or broken."""
    names = [str(name[0] if isinstance(name, tuple) else name) for name in found.get("mismatched_keys", ())]
    wrong = [f"`{name}` has another shape" for name in sorted(names)]
    wrong += [f"`{name}` is missing" for name in sorted(found.get("missing_keys", ()))]
    wrong += [broken] if broken and not wrong else []
    if wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        message = f"the weights in `{folder}` are not those of its config: {wrong[0]}{more}"
        raise Refusal(Diagnostic("E539", message, helps=(SAVE,)))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the bars and warnings of transformers."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _unreadable(folder: Path, how: str, help_: str, reason: str = "") -> Diagnostic:
    notes = (f"transformers says: {reason[:300]}",) if reason else ()
    return Diagnostic("E537", f"`{folder}` is no model that can be opened: {how}", notes=notes, helps=(help_,))


def _no_bridge(folder: Path, architecture: str) -> Diagnostic:
    message = f"the model in `{folder}` cannot be looked into: TransformerLens has no bridge for `{architecture}`"
    helps = ("use a causal language model of one stack of layers, such as GPT-2, GPT-NeoX, Llama or Qwen",)
    return Diagnostic("E538", message, helps=helps)

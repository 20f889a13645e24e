"""Python files of a program, imported under private names.  In: an extern; out: its function, and the file's hash.

A file is run once for the bytes that it holds. Nothing is put on Python's path, and no bytecode is left behind.
"""

import contextlib
import sys
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from circuitlang.core.extern import Extern
from circuitlang.diagnostics import Diagnostic, Label, Refusal, Span, nearest, one_of
from circuitlang.diagnostics.source import typed
from circuitlang.externs.blaming import PREFIX, last_line, place_of
from circuitlang.externs.running import Runner

# What is known of a function, every reading of its program knows; `Extern`s are equal wherever they are declared.
_runners: dict[tuple[Extern, Path, Span | None], Runner] = {}


def load(extern: Extern) -> Extern:
    """The same extern, able to call its function, with the sha256 of the bytes that were run.

    Raises:
        Refusal: E564 if there is no such file in the folder of the program, or no such function in it; E565 if the
            file cannot be imported.
    """
    content = _read(extern)
    extern = replace(extern, sha256=sha256(content).hexdigest())
    try:
        module = _import(extern.path.resolve(), extern.path, content)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: a file that ends Python at once is no module
        raise _refuse(
            extern,
            "E565",
            f"`{extern.path}` cannot be imported: {last_line(error)}",
            place_of(error, extern.path, content, "while it was imported"),
            help=_help(error, extern.path),
        ) from None
    function = vars(module).get(extern.function)
    if callable(function):
        key = extern, extern.path.resolve(), extern.span
        return replace(extern, run=_runners.setdefault(key, Runner(extern, function, content)))
    functions = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
    close = nearest(extern.function, functions)
    parameters = ", ".join(one.name for one in extern.parameters)
    raise _refuse(
        extern,
        "E564",
        f"`{extern.path}` has no function `{extern.function}`",
        note="" if function is None else f"`{extern.function}` is there, and is a {type(function).__name__}",
        help=f"did you mean {one_of(close)}?" if close else f"write it there: def {extern.function}({parameters}): ...",
    )


def _read(extern: Extern) -> bytes:
    path, parameters = extern.path, ", ".join(one.name for one in extern.parameters)
    try:
        inside = path.resolve().is_relative_to(extern.folder.resolve())
        if inside:
            return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise _refuse(
            extern,
            "E564",
            f"there is no file `{path}`, which `{extern.name}` needs",
            note="the module of an extern is a file in the folder of the program that declares it",
            help=f"write it: def {extern.function}({parameters}): ...",
        ) from None
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refuse(
            extern, "E564", f"`{path}` cannot be read: {reason.lower()}", help="check its name and its permissions"
        ) from None
    raise _refuse(
        extern,
        "E564",
        f"`{path}` leads out of the folder of the program",
        note=f"it is a link to {path.resolve()}",
        help="copy the file to where the link is",
    )


def _help(error: BaseException, path: Path) -> str:
    """What to do about a file that cannot be imported; alone, Python would find the files beside it."""
    wanted = (error.name or "").partition(".")[0] if isinstance(error, ImportError) else ""
    if wanted and any((path.parent / name).exists() for name in (f"{wanted}.py", wanted)):
        return f"`{wanted}` lies beside it, where nothing is looked for: move what is needed into {path}"
    return f"try it alone: python {typed(path)}"


@cache
def _import(file: Path, path: Path, content: bytes) -> ModuleType:
    """The module of these bytes; `path` is how messages and stacks call the file."""
    name = f"{PREFIX}{sha256(content).hexdigest()[:16]}_{path.stem}"
    module = ModuleType(name)
    module.__file__ = str(file)
    sys.modules[name] = module  # dataclasses and enums look their module up
    try:
        with contextlib.redirect_stdout(sys.stderr):  # stdout is for our data
            exec(compile(content, str(path), "exec", dont_inherit=True), vars(module))
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _refuse(
    extern: Extern, code: str, message: str, place: Label | None = None, *, help: str, note: str = ""
) -> Refusal:
    needed = Label(extern.span, f"`{extern.name}` is needed here") if extern.span else None
    labels = tuple(label for label in (place, needed) if label is not None)
    return Refusal(
        Diagnostic(code, message, labels[0] if labels else None, labels[1:], (note,) if note else (), (help,))
    )

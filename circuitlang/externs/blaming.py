"""Whose line it was.  In: what a user's Python raised; out: its last line and its place in the user's file."""

import importlib.util
import re
import traceback
from pathlib import Path

from circuitlang.diagnostics import Label, Source

MOST = 100  # characters of what Python says
PREFIX = "_circuitlang_extern_"  # of the names under which files are imported
PRIVATE = re.compile(rf"\b{PREFIX}[0-9a-f]+_\w+\.")


def last_line(error: BaseException) -> str:
    """What Python would say last: `ValueError: no such word`."""
    said = " ".join(traceback.format_exception_only(error)[-1].split())
    return shortened(PRIVATE.sub("", said))


def shortened(text: str, most: int = MOST) -> str:
    """The text, its end left out where it is too long."""
    return text if len(text) <= most else text[: most - 3] + "..."


def place_of(error: BaseException, path: Path, content: bytes, text: str) -> Label | None:
    """The innermost line of the file that Python was in; None where it never came there."""
    numbers = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == str(path)]
    number = error.lineno if isinstance(error, SyntaxError) and error.filename == str(path) else None
    number = number or next(reversed(numbers), None)
    try:
        source = Source(str(path), importlib.util.decode_source(content))
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return None
    if number is None or not 1 <= number <= len(source.line_starts):
        return None
    line = source.line_span(number)
    start = line.start + len(line.text) - len(line.text.lstrip())
    return Label(source.span(start, max(start + 1, line.start + len(line.text.rstrip()))), text)

"""`circuitc fmt`.  In: files; out: the same files in their canonical layout, or how they differ from it."""

import difflib
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Literal

from typing_extensions import TypedDict

from circuitlang.commands.outcome import Outcome
from circuitlang.diagnostics import Diagnostic, Label, Refusal, Source, read_source
from circuitlang.diagnostics.writing import write_file


class FormattedJson(TypedDict):
    """What became of one file; `diff` is null where nothing would change."""

    path: str
    status: Literal["unchanged", "reformatted", "would_change", "refused"]
    diff: str | None


class FmtJson(TypedDict):
    """What became of the files."""

    files: list[FormattedJson]


def fmt(files: Sequence[Path], check: bool = False, diff: bool = False) -> Outcome:
    """Write files in their canonical layout; with `check` or `diff` only look."""
    told = [_fmt_one(file, check or diff) for file in files]
    files_json = [one for one, _ in told]
    changing = [one for one in files_json if one["status"] == "would_change"]
    return Outcome(
        text="".join(one["diff"] or "" for one in changing) if diff else "",
        diagnostics=tuple(found for _, diagnostics in told for found in diagnostics),
        good=not changing,
        askable=all(one["status"] != "refused" for one in files_json),
        data=FmtJson(files=files_json),
        remark="\n".join(f"{one['path']}: reformatted" for one in files_json if one["status"] == "reformatted"),
    )


def _fmt_one(file: Path, only_look: bool) -> tuple[FormattedJson, tuple[Diagnostic, ...]]:
    from circuitlang.syntax import format_source

    source, diagnostics = read_source(file)
    text, mistakes = format_source(source) if source else (None, ())
    diagnostics = (*diagnostics, *mistakes)
    if source is None or text is None:
        return FormattedJson(path=str(file), status="refused", diff=None), diagnostics
    if text == source.text:
        return FormattedJson(path=str(file), status="unchanged", diff=None), diagnostics
    shown = difference(source, text)
    if only_look:
        return FormattedJson(path=str(file), status="would_change", diff=shown), (*diagnostics, _place(source, text))
    try:
        write_file(file, text)
    except Refusal as refusal:
        return FormattedJson(path=str(file), status="refused", diff=shown), (*diagnostics, *refusal.diagnostics)
    return FormattedJson(path=str(file), status="reformatted", diff=shown), diagnostics


def _place(source: Source, text: str) -> Diagnostic:
    """W559 at the first line that would change."""
    pairs = enumerate(zip_longest(source.text.split("\n"), text.split("\n")), 1)
    line = min(next(number for number, (old, new) in pairs if old != new), len(source.line_starts))
    message, help = f"`{source.path}` is not in its canonical layout", f"circuitc fmt {source.typed}"
    return Diagnostic("W559", message, Label(source.line_span(line), "the first line that would change"), helps=(help,))


def difference(source: Source, text: str) -> str:
    """What reformatting would change, as a unified diff."""
    old, new = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    return "".join(difflib.unified_diff(old, new, source.path, source.path))

"""`circuitc fmt`.  In: files; out: the same files in their canonical layout, or how they differ from it."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from circuitlang.commands.outcome import Outcome
from circuitlang.diagnostics import Refusal, Source, read_source
from circuitlang.diagnostics.writing import write_file


def fmt(files: Sequence[Path], check: bool = False, diff: bool = False) -> Outcome:
    """Write files in their canonical layout; with `check` or `diff` only look."""
    outcomes = [_fmt_one(file, diff, check or diff) for file in files]
    return Outcome(
        text="".join(one.text for one in outcomes),
        diagnostics=tuple(found for one in outcomes for found in one.diagnostics),
        good=all(one.good for one in outcomes),
        askable=all(one.askable for one in outcomes),
        said=tuple(line for one in outcomes for line in one.said),
        remark="\n".join(one.remark for one in outcomes if one.remark),
    )


def _fmt_one(file: Path, diff: bool, only_look: bool) -> Outcome:
    from circuitlang.syntax import format_source

    source, diagnostics = read_source(file)
    text, mistakes = format_source(source) if source else (None, ())
    diagnostics = (*diagnostics, *mistakes)
    if source is None or text is None:
        return Outcome(diagnostics=diagnostics, askable=False)
    if text == source.text:
        return Outcome(diagnostics=diagnostics)
    if only_look:
        shown = difference(source, text) if diff else ""
        return Outcome(shown, diagnostics, good=False, said=(f"{file}: would be reformatted",))
    try:
        write_file(file, text)
    except Refusal as refusal:
        return Outcome(diagnostics=(*diagnostics, *refusal.diagnostics), askable=False)
    return Outcome(diagnostics=diagnostics, remark=f"{file}: reformatted")


def difference(source: Source, text: str) -> str:
    """What reformatting would change, as a unified diff."""
    old, new = source.text.splitlines(keepends=True), text.splitlines(keepends=True)
    return "".join(difflib.unified_diff(old, new, source.path, source.path))

"""`circuitc new`.  In: a name and a template; out: a program to begin with, in a file that was not there before."""

import os
from pathlib import Path

from typing_extensions import TypedDict

from circuitlang.commands.choosing import unknown
from circuitlang.commands.outcome import Outcome
from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.diagnostics.source import typed
from circuitlang.diagnostics.writing import write_file

FOLDER = Path(__file__).parent.parent / "templates"
FIRST = "starter"


class TemplateJson(TypedDict):
    """A template, and what its program is about."""

    name: str
    about: str


class NewJson(TypedDict):
    """The file that was written and its template, both null with `--list`; and all templates there are."""

    file: str | None
    template: str | None
    templates: list[TemplateJson]


def new(name: Path | None, template: str = FIRST) -> Outcome:
    """Write a template's program into a new file.

    Raises:
        Refusal: E560 without a name, E561 for a file that exists, E593 for an unknown template, E595 where nothing can
            be written.
    """
    if name is None or not name.name.strip("."):
        raise Refusal(Diagnostic("E560", "a new program needs a name", helps=("circuitc new NAME",)))
    known = {one["name"]: one for one in _templates()}
    if template not in known:
        raise unknown("template", template, known)
    path = name if name.suffix == ".circ" else name.with_name(f"{name.name}.circ")
    if os.path.lexists(path):
        helps = (f"choose another name: circuitc new {typed(path.with_stem(f'{path.stem}_2'))}",)
        raise Refusal(Diagnostic("E561", f"`{path}` is there already, and stays as it is", helps=helps))
    text = (FOLDER / f"{template}.circ").read_text(encoding="utf-8")
    write_file(path, text)
    trained = "circuitc train {0} && " if "\ntrain " in text else ""
    remark = f"next: circuitc check {{0}} && {trained}circuitc verify {{0}}".format(typed(path))
    data = NewJson(file=str(path), template=template, templates=list(known.values()))
    return Outcome(f"{path}\n", data=data, remark=remark)


def templates() -> Outcome:
    """What there is to begin with, the default first."""
    found = _templates()
    width = max(len(one["name"]) for one in found)
    text = "".join(f"{one['name']:<{width}}  {one['about']}\n" for one in found)
    return Outcome(text, data=NewJson(file=None, template=None, templates=found))


def _templates() -> list[TemplateJson]:
    """The templates by name; the comment under the header says what each is about."""
    paths = sorted(FOLDER.glob("*.circ"), key=lambda path: (path.stem != FIRST, path.stem))
    return [TemplateJson(name=path.stem, about=_about(path.read_text(encoding="utf-8"))) for path in paths]


def _about(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("#")).lstrip("# ")

"""From a program to the files that it imports.  In: a tree and its source; out: the scope of its names and theirs.

`std/...` ships with the package; every other path is taken from the folder of the file that imports it.
"""

from os.path import relpath
from pathlib import Path

from circuitlang.diagnostics import Label, Source, Span, read_source
from circuitlang.elaboration.reporter import Reporter
from circuitlang.elaboration.scope import Scope, build_scope
from circuitlang.syntax import parse, tree

STANDARD = Path(__file__).parent.parent / "std"


def load_scope(program: tree.Tree, source: Source, reporter: Reporter) -> Scope:
    """The names of a program, imported ones included.

    Errors: those of reading and parsing the imported files (E19x, E1xx), E228 for files that import each other, and
    those of `build_scope`.
    """
    return _load(program, source, reporter, {_key(source.path): None}, {})


def _load(
    program: tree.Tree,
    source: Source,
    reporter: Reporter,
    open_files: dict[Path, Span | None],
    done: dict[Path, Scope | None],
) -> Scope:
    files: dict[Span, Scope | None] = {}
    for form in program.declarations:
        if isinstance(form, tree.ImportNames | tree.ImportAs):
            files[form.span] = _file(form.path, source, reporter, open_files, done)
    scope = build_scope(program, source, files, reporter)
    imported = (other for file in files.values() if file is not None for other in file.reached)
    scope.reached = tuple(dict.fromkeys((scope, *imported)))
    return scope


def _file(
    path: tree.String,
    importer: Source,
    reporter: Reporter,
    open_files: dict[Path, Span | None],
    done: dict[Path, Scope | None],
) -> Scope | None:
    """The scope of one imported file; None, told, where there is none."""
    found = _find(path.value, importer)
    key = _key(found)
    if key in open_files:
        _refuse_cycle(path, key, open_files, reporter)
        return None
    if key in done:
        return done[key]
    standard = path.value.startswith("std/")
    asked = Label(path.span, "imported here")
    source, problems = read_source(found, asked=asked, printed=path.value if standard else None)
    reporter.add(problems)
    scope = None
    if source is not None:
        program, mistakes = parse(source)
        reporter.add(mistakes)
        if program is not None:
            scope = _load(program, source, reporter, {**open_files, key: path.span}, done)
    done[key] = scope
    return scope


def _find(path: str, importer: Source) -> Path:
    if path.startswith("std/"):
        return STANDARD / path.removeprefix("std/")
    return Path(importer.path).parent / path


def _key(path: str | Path) -> Path:
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError, ValueError):
        return Path(path)  # no path of this system: reading it says so


def _refuse_cycle(path: tree.String, key: Path, open_files: dict[Path, Span | None], reporter: Reporter) -> None:
    files = list(open_files)
    loop = [Path(relpath(file, files[0].parent)).as_posix() for file in files[files.index(key) :]]
    reporter.refuse(
        "E228",
        f"files import each other: {' -> '.join([*loop, loop[0]])}" if len(loop) > 1 else f"`{loop[0]}` imports itself",
        path.span,
        "this import closes the circle",
        see=tuple(Label(span, "reached by this import") for span in list(open_files.values())[1:] if span),
        note="what a file offers is worked out before the file that imports it",
        help="move what both need into a third file",
    )

"""One table of a file's top-level names.  In: a tree; out: every name with its kind and place, and duplicates told."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal, TypeAlias

from circuitlang.core.functions import BUILTINS
from circuitlang.core.metrics import METRICS
from circuitlang.diagnostics import Label, Source, Span, nearest, one_of
from circuitlang.elaboration.reporter import Reporter
from circuitlang.syntax import tree

Kind: TypeAlias = Literal[
    "domain",
    "constant",
    "function",
    "extern",
    "model",
    "pattern",
    "network",
    "basis",
    "alignment",
    "data",
    "circuit",
    "let",
    "file",
]

# How a thing of each kind is called in a sentence.
A: dict[Kind, str] = {
    "domain": "a domain",
    "constant": "a constant",
    "function": "a function",
    "extern": "an extern function",
    "model": "a model",
    "pattern": "a model without domains",
    "network": "a network",
    "basis": "a basis",
    "alignment": "an alignment",
    "data": "a data set",
    "circuit": "a circuit",
    "let": "a measurement",
    "file": "an imported file",
}
KINDS: dict[type[tree.Declaration], Kind] = {
    tree.Domain: "domain",
    tree.Function: "function",
    tree.Extern: "extern",
    tree.Network: "network",
    tree.Basis: "basis",
    tree.Align: "alignment",
    tree.Data: "data",
    tree.Circuit: "circuit",
}
IMPORTABLE: frozenset[Kind] = frozenset({"domain", "constant", "function", "model", "pattern"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A name of a file: what it is, where it stands, and the file in which its form was written.

    An imported name has the `path` of its import.
    """

    name: str
    kind: Kind
    span: Span = field(compare=False)
    form: Any = field(compare=False, repr=False)
    home: "Scope" = field(compare=False, repr=False)
    path: str = field(default="", compare=False)


class Scope:
    """The names of one file: declared, or imported from others.

    `broken` names are declared, but unreadable: whoever uses them stays silent. `memo` holds the constants and domains
    that have been worked out; see `constants.py`. `told` holds the mistakes of functions and models that do not depend
    on what they are applied to, by code and place.
    """

    def __init__(self, source: Source, broken: frozenset[str] = frozenset()) -> None:
        self.source = source
        self.broken = broken
        self.complete = True  # whether every declaration could be read
        self.entries: dict[str, Entry] = {}
        self.models: frozenset[str] = frozenset()  # the declared ones, known before any entry
        self.files: dict[str, Scope] = {}
        self.reached: tuple[Scope, ...] = (self,)  # it, and all that it imports, each once
        self.memo: dict[str, Any] = {}
        self.told: set[tuple[str, Span | None]] = set()

    def find(self, name: str) -> Entry | None:
        """The entry of a name, whatever its kind; None for unknown and for broken names."""
        return self.entries.get(name)

    def names(self, *kinds: Kind) -> tuple[str, ...]:
        """The names of these kinds (of all, if none is given), in order."""
        return tuple(name for name, entry in self.entries.items() if not kinds or entry.kind in kinds)

    def place(self, name: str, text: str = "declared here") -> tuple[Label, ...]:
        """A label at the declaration of a name, if it has one."""
        return (Label(self.entries[name].span, text),) if name in self.entries else ()

    def put(self, entry: Entry, reporter: Reporter) -> None:
        """Add a name. Errors: E202 if the file has it already, E206 if it is a word of the language."""
        if entry.name in self.entries:
            first = self.entries[entry.name]
            how = ["imported" if one.path else "declared" for one in (first, entry)]
            reporter.refuse(
                "E202",
                f"`{entry.name}` is {how[0] if how[0] == how[1] else 'declared'} twice",
                entry.span,
                f"{how[1]} again here, as {A[entry.kind]}",
                see=(Label(first.span, f"first {how[0]} here, as {A[first.kind]}"),),
                help=self._one_of_them(first, entry),
            )
            if entry.kind != first.kind:  # nobody knows which of them is meant where it is used
                del self.entries[entry.name]
                self.broken |= {entry.name}
        elif _is_reserved(entry):
            reporter.refuse(
                "E206",
                f"`{entry.name}` is a word of the language",
                entry.span,
                "cannot be declared anew",
                help=f"choose another name, for example `{_fresh(entry.name, self.entries)}`",
            )
            self.broken |= {entry.name}
        else:
            self.entries[entry.name] = entry

    def _one_of_them(self, first: Entry, second: Entry) -> str:
        """How to tell two things of one name apart: what is imported has its name from another file."""
        if first.form is second.form:
            return "leave one of them out"
        imported = next((entry for entry in (second, first) if entry.path), None)
        if imported is None or imported.kind == "file":
            return f"rename one of them, for example `{_fresh(second.name, self.entries)}`"
        stem = PurePosixPath(imported.path).stem
        file = stem if stem not in self.entries else _fresh(stem, self.entries)
        return f'import "{imported.path}" as {file}   and write {file}.{imported.name}'


def build_scope(program: tree.Tree, source: Source, files: Mapping[Span, "Scope | None"], reporter: Reporter) -> Scope:
    """The table of a file's names.

    Args:
        program: The file's tree.
        source: The file.
        files: The scopes of the files that it imports, by the place of the import; None where one cannot be read.
        reporter: Takes E202, E206, E227 (a file has no such name) and E229 (a thing that cannot be imported).
    """
    scope = Scope(source, frozenset(name.text for name in program.broken))
    scope.complete = program.complete
    scope.models = frozenset(form.name.text for form in program.declarations if isinstance(form, tree.Model))
    for declaration in program.declarations:
        match declaration:
            case tree.ImportNames():
                _import_names(scope, declaration, files.get(declaration.span), reporter)
            case tree.ImportAs(name=name):
                other = files.get(declaration.span)
                if other is None:
                    scope.broken |= {name.text}
                else:
                    scope.put(_entry(name, "file", declaration, scope, declaration.path.value), reporter)
                    scope.files[name.text] = other
            case tree.Train() | tree.Claim():
                pass
            case _:
                scope.put(_entry(declaration.name, _kind(declaration, scope), declaration, scope), reporter)
    _check_claims(program, reporter)
    return scope


def _entry(name: tree.Name, kind: Kind, form: Any, home: Scope, path: str = "") -> Entry:
    return Entry(name=name.text, kind=kind, span=name.span, form=form, home=home, path=path)


def _import_names(scope: Scope, form: tree.ImportNames, other: Scope | None, reporter: Reporter) -> None:
    for name in form.names:
        found = None if other is None else other.find(name.text)
        if other is None or name.text in other.broken or (found is None and not other.complete):
            scope.broken |= {name.text}
            continue
        if found is not None and found.kind in IMPORTABLE:
            scope.put(_entry(name, found.kind, found.form, found.home, form.path.value), reporter)
            continue
        scope.broken |= {name.text}
        offered = other.names(*IMPORTABLE)
        if found is None:
            close = near(name.text, offered)
            reporter.refuse(
                "E227",
                f"`{form.path.value}` declares no `{name.text}`",
                name.span,
                "not found there",
                help=f"did you mean {one_of(close)}?" if close else offers(offered),
            )
        else:
            reporter.refuse(
                "E229",
                f"`{name.text}` is {A[found.kind]}, and these stay in their file",
                name.span,
                "cannot be imported",
                see=(Label(found.span, "declared here"),),
                note="domains, constants, functions and models can be imported",
                help=f"copy the declaration of `{name.text}` into this file",
            )


def offers(names: tuple[str, ...], most: int = 24) -> str:
    """What a file or a model has, for a help: the first of many."""
    if not names:
        return "it offers nothing"
    return f"it offers {one_of(names[:most], 'and')}" + (f", and {len(names) - most} more" if len(names) > most else "")


def _kind(declaration: tree.Declaration, scope: Scope) -> Kind:
    match declaration:
        case tree.Let():
            return "let" if is_measurement(declaration, scope) else "constant"
        case tree.Model(params=params):
            return "model" if all(param.domain is not None for param in params) else "pattern"
        case _:
            return KINDS[type(declaration)]


def is_measurement(form: tree.Let, scope: Scope) -> bool:
    """Whether a `let` names a measurement or a set of models, and so is no constant of the language."""
    members = form.value.members if isinstance(form.value, tree.Set) else ()
    of_models = any(
        isinstance(member, tree.Name) and (member.text in scope.models or _is_model(scope.find(member.text)))
        for member in members
    )
    return (
        form.data is not None
        or of_models
        or any(
            isinstance(part, tree.Call) and isinstance(part.function, tree.Name) and part.function.text in METRICS
            for part in parts_of(form.value)
        )
    )


def _is_model(entry: Entry | None) -> bool:
    return entry is not None and entry.kind in ("model", "pattern")


def parts_of(form: Any) -> Iterator[tree.Form]:
    """A form and every form below it."""
    if isinstance(form, tuple):
        for member in form:
            yield from parts_of(member)
    elif isinstance(form, tree.Form):
        yield form
        for name in form.__dataclass_fields__:
            if name != "span":
                yield from parts_of(getattr(form, name))


def _check_claims(program: tree.Tree, reporter: Reporter) -> None:
    """Claims have names of their own kind: only two claims of one name collide."""
    seen: dict[str, Span] = {}
    for form in program.declarations:
        if isinstance(form, tree.Claim):
            if form.name.text in seen:
                reporter.refuse(
                    "E202",
                    f"there are two claims named `{form.name.text}`",
                    form.name.span,
                    "claimed again here",
                    see=(Label(seen[form.name.text], "first claimed here"),),
                    help=f"rename one of them, for example `{_fresh(form.name.text, seen)}`",
                )
            seen.setdefault(form.name.text, form.name.span)


def near(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Names that are close; every other single letter is close to a single letter, and none is meant."""
    return tuple(one for one in nearest(name, known) if len(one) > 1 or one.lower() == name.lower())


def _is_reserved(entry: Entry) -> bool:
    called = entry.kind in ("function", "extern", "model", "pattern", "domain", "constant")
    return entry.name in BUILTINS or (called and entry.name in METRICS)


def _fresh(name: str, taken: Mapping[str, Any]) -> str:
    return next(new for number in range(2, 1000) if (new := f"{name}{number}") not in taken)

"""From a path to a source.  In: a path; out: its text, or a diagnostic that says why there is none."""

from pathlib import Path
from shlex import quote

from circuitlang.diagnostics.diagnostic import Diagnostic, Label
from circuitlang.diagnostics.source import Source


def read_source(
    path: str | Path, *, asked: Label | None = None, printed: str | None = None
) -> tuple[Source | None, tuple[Diagnostic, ...]]:
    """Read a UTF-8 file.  Errors: E190 missing, E191 unreadable, E192 not UTF-8.

    `asked` is the place that names the file, if a program does (an import); `printed` is the path to show when it
    differs from `path`.
    """
    shown = printed or str(path)

    def refuse(code: str, message: str, *helps: str, notes: tuple[str, ...] = ()) -> tuple[None, tuple[Diagnostic]]:
        return None, (Diagnostic(code, message, asked, notes=notes, helps=helps),)

    try:
        data = Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return refuse("E190", f"there is no file `{shown}`", _near(Path(path), asked))
    except IsADirectoryError:
        return refuse("E191", f"`{shown}` is a folder, not a file", _inside(Path(path), asked))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return refuse("E191", f"`{shown}` cannot be read: {reason.lower()}", "check its name and its permissions")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin1"
        help = f"save it as UTF-8, for example: iconv -f {encoding} -t utf-8 {quote(shown)} > NEW.circ"
        if encoding == "latin1" and b"\0" in data:
            help = "name a text file: this one is binary"
        return refuse(
            "E192",
            f"`{shown}` is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}, in line {line}",
            help,
            notes=("a `.circ` file is text in UTF-8; an older encoding or a binary file is not read",),
        )
    return Source(shown, text.removeprefix("\ufeff")), ()


def _near(path: Path, asked: Label | None) -> str:
    """What to do about a missing file: the names beside it that are close, or how to begin.

    A program names files from its own folder: they are shown as it would write them.
    """
    from difflib import get_close_matches

    try:
        beside = {entry.stem: entry.name for entry in sorted(path.parent.iterdir()) if entry.is_file()}
    except OSError:
        return f"there is no folder `{path.parent}` either; check the path"
    close = [beside[stem] for stem in get_close_matches(path.stem, beside, n=3, cutoff=0.65)]
    written = _written(path, asked)
    if close:
        return "did you mean " + " or ".join(f"`{written.with_name(name)}`" for name in close) + "?"
    if asked and written.parts[:1] == ("std",):
        brought = [f"`std/{name}`" for name in beside.values() if name.endswith(".circ")]
        return "circuitlang brings " + " and ".join(brought)
    if asked:
        return "check the path: it is taken from the folder of the file that imports it"
    return "check the path: it is taken from the current folder unless it begins with `/`"


def _written(path: Path, asked: Label | None) -> Path:
    return Path(asked.span.text.strip('"')) if asked else path


def _inside(folder: Path, asked: Label | None) -> str:
    try:
        programs = sorted(entry.name for entry in folder.glob("*.circ"))
    except OSError:
        programs = []
    if not programs:
        return "name a `.circ` file"
    return f"name a file in it, for example `{_written(folder, asked) / programs[0]}`"

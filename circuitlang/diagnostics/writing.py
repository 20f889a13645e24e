"""Files that are whole or absent.  In: a path and its content; out: the file, written beside its target and moved
into place, or a refusal that repeats the system's reason.

A file that is being written is called `.NAME.*.part` and locked as long as its writer lives: what a killed writer left
behind is never read, and the next writer of the same file takes it away.
"""

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from circuitlang.diagnostics.diagnostic import Diagnostic, Refusal

try:
    import fcntl
except ImportError:  # no locks on this system: then nothing can be told to be left behind, and nothing is taken away
    fcntl = None

_DRAFT = ".part"


def unwritable(path: Path | str, error: OSError) -> Diagnostic:
    """E595: a place that cannot be written."""
    helps = ("check the place and its permissions, or choose another one",)
    return Diagnostic("E595", f"`{path}` cannot be written: {reason(error)}", helps=helps)


def write_file(
    path: Path,
    content: bytes | str,
    *,
    make_folder: bool = True,
    refuse: Callable[[Path, OSError], Diagnostic] = unwritable,
) -> None:
    """Write a file atomically: after a crash the old content or the new one is there.

    A file that is replaced keeps its permissions, and a link stays a link to the file that is replaced.

    Args:
        path: Where to.
        content: What; text is stored as UTF-8.
        make_folder: Whether the folder is made if it is not there.
        refuse: What to say where the disk is full or the folder may not be written.

    Raises:
        Refusal: what `refuse` says, with the system's reason.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        target = Path(os.path.realpath(path))
        if make_folder:
            target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        while not _replace(target, data):
            pass
        _settle(target.parent)
    except OSError as error:
        raise Refusal(refuse(path, error)) from None


def remove_file(path: Path) -> None:
    """Remove a file, and what killed writers left of it; it may be gone already.

    Raises:
        Refusal: E595 with the system's reason.
    """
    try:
        path.unlink(missing_ok=True)
        _sweep(path)
    except OSError as error:
        raise Refusal(unwritable(path, error)) from None


def make_folder(path: Path) -> None:
    """Make a folder, and make sure that files can be written there, before an hour of training shows that they cannot.

    Raises:
        Refusal: E595 with the system's reason.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise Refusal(unwritable(path, error)) from None


def reason(error: Exception) -> str:
    """What the operating system says, without its number."""
    return (getattr(error, "strerror", None) or str(error)).lower()


def _replace(target: Path, data: bytes) -> bool:
    """Write a draft and move it into place; whether that has worked.

    It has not if another writer took the draft for one that was left behind: there is a moment before it is locked, and
    one after, because some systems move no file that is open.
    """
    handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=_DRAFT)
    try:
        with os.fdopen(handle, "wb") as file:
            _lock(file.fileno())
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, _mode(target))
        os.replace(draft, target)
    except BaseException as error:
        if isinstance(error, FileNotFoundError) and target.parent.exists() and not os.path.exists(draft):
            return False
        Path(draft).unlink(missing_ok=True)
        raise
    return True


def _sweep(target: Path) -> None:
    """Remove the drafts of this file whose writers are gone: nobody holds their lock."""
    with suppress(FileNotFoundError, NotADirectoryError):
        for name in os.listdir(target.parent):
            if name.startswith(f".{target.name}.") and name.endswith(_DRAFT):
                with suppress(OSError), open(target.parent / name, "rb+") as file:
                    if _lock(file.fileno()):
                        os.unlink(file.name)


def _lock(handle: int) -> bool:
    """Whether this process now holds the lock, until the file is closed; not all file systems have locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _settle(folder: Path) -> None:
    """Let the new name outlast a loss of power too, where the system can do that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced, else those of a new file."""
    try:
        return target.stat().st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)  # the only way to read it is to set it
        os.umask(mask)
        return 0o666 & ~mask

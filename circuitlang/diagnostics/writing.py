"""Files that are whole or absent.  In: a path and its content; out: the file, written beside its target and moved
into place, or a refusal that repeats the system's reason.
"""

import os
import tempfile
from pathlib import Path

from circuitlang.diagnostics.diagnostic import Diagnostic, Refusal


def write_file(path: Path, content: bytes | str) -> None:
    """Write a file atomically, its folder included: after a crash the old content or the new one is there.

    A file that is replaced keeps its permissions, and a link stays a link to the file that is replaced.

    Raises:
        Refusal: E595 with the system's reason, where the disk is full or the folder may not be written.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(draft, _mode(target))
            os.replace(draft, target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
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


def unwritable(path: Path, error: OSError) -> Diagnostic:
    """E595: a place that cannot be written."""
    reason = (error.strerror or str(error)).lower()
    helps = ("check the place and its permissions, or choose another one with `--out` or `--run`",)
    return Diagnostic("E595", f"`{path}` cannot be written: {reason}", helps=helps)


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced, else those of a new file."""
    try:
        return target.stat().st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)  # the only way to read it is to set it
        os.umask(mask)
        return 0o666 & ~mask

"""Files that are whole or absent: every artefact is written beside its target and moved into place."""

import os
import tempfile
from pathlib import Path

from circuitlang.diagnostics.diagnostic import Diagnostic, Refusal


def write_file(path: Path, content: bytes | str) -> None:
    """Write a file atomically, its folder included: after a crash the old content or the new one is there.

    Raises:
        Refusal: E595 with the system's reason, where the disk is full or the folder may not be written.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        help_text = "free some space, or choose another place with `--out` or `--run`"
        raise Refusal(Diagnostic("E595", f"`{path}` cannot be written: {reason.lower()}", helps=(help_text,))) from None

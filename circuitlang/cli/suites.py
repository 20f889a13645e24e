"""From arguments to a suite.  In: what was typed, and the face that tells of it; out: the outcome."""

import sys
from argparse import Namespace
from pathlib import Path

from circuitlang.cli.telling import Face, Json, say
from circuitlang.commands.outcome import Outcome
from circuitlang.diagnostics import Diagnostic, Refusal


def is_suite(given: Namespace) -> bool:
    """Whether trainings are to be done elsewhere than in this process.

    Raises:
        Refusal: E560 for what only a suite can do, where it is not said how many at a time, or on which cluster.
    """
    if given.jobs is not None or given.cluster is not None:
        return True
    folder = any(Path(path).is_dir() for path in given.files)
    asked = {
        "several files": len(given.files) > 1,
        "a folder": folder,
        "--seeds": given.seeds is not None,
        "--no-verify": given.no_verify,
    }
    wanted = next((what for what, is_wanted in asked.items() if is_wanted), None)
    if wanted is not None:
        message = f"{wanted} can be asked for in a suite only, and nothing says how many at a time"
        helps = ("--jobs N   on this machine", "--cluster ADDRESS   on a Dask cluster")
        raise Refusal(Diagnostic("E560", message, helps=helps))
    return False


def train_suite(given: Namespace, face: Face) -> Outcome:
    """Train many."""
    from circuitlang.cli.calls import choice
    from circuitlang.commands.suite import Asked, Audience, train_suite
    from circuitlang.suites.jobs import Settings
    from circuitlang.suites.watching import watcher

    if given.tracker:
        raise Refusal(
            _of_one(
                "--tracker", f"leave it out, or train a file alone: circuitc train FILE --tracker {given.tracker[0]}"
            )
        )
    if given.run is not None:
        raise Refusal(_of_one(f"--run {given.run}", "leave it out: each training has a run folder of its own"))
    asked = Asked(
        paths=tuple(given.files),
        choice=choice(given),
        cluster=given.jobs or given.cluster,
        names=given.network,
        seeds=given.seeds or 1,
        allow_extern=given.allow_extern,
        settings=Settings(
            resume=given.resume, again=given.again, verify=not given.no_verify, shares_disk=given.cluster is None
        ),
    )
    line = face.line if isinstance(face, Json) else None
    progress = watcher(sys.stderr.isatty(), say if line is None else None)
    return train_suite(asked, Audience(tell=face.tell, say=say, watcher=progress, line=line))


def _of_one(option: str, instead: str) -> Diagnostic:
    """E593: an option for one network at a time."""
    message = f"`{option}` is about one training at a time, and a suite has many"
    return Diagnostic("E593", message, helps=(instead,))

"""From arguments to a suite.  In: what was typed, and the face that tells of it; out: the outcome."""

import sys
from argparse import Namespace

from circuitlang.cli.telling import Face, Json, say
from circuitlang.commands.outcome import Outcome
from circuitlang.diagnostics import Diagnostic, Refusal


def is_suite(given: Namespace) -> bool:
    """Whether many trainings are meant, or one that is to be done elsewhere."""
    spread = given.jobs is not None or given.cluster is not None or given.seeds is not None or given.no_verify
    return spread or len(given.files) > 1 or given.files[0].is_dir()


def train_suite(given: Namespace, face: Face) -> Outcome:
    """Train many."""
    from circuitlang.cli.calls import choice
    from circuitlang.commands.suite import Asked, Audience, train_suite
    from circuitlang.suites.jobs import Settings
    from circuitlang.suites.watching import watcher

    if given.run is not None:
        raise Refusal(_one_folder(str(given.run)))
    asked = Asked(
        paths=tuple(given.files),
        choice=choice(given),
        cluster=given.cluster if given.cluster is not None else given.jobs or 1,
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


def _one_folder(run: str) -> Diagnostic:
    """E593: one run folder for a suite."""
    message = f"`--run {run}` is the folder of one network, and a suite trains many"
    return Diagnostic("E593", message, helps=("leave `--run` out: each has a folder of its own",))

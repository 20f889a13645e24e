"""A suite, from beginning to end.  In: jobs, and where they are to be done; out: nothing, but every job has ended, or a
refusal or an interruption that says how to go on.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.reports.columns import counted
from circuitlang.runs import Interruption
from circuitlang.suites.jobs import Job
from circuitlang.suites.watching import Watcher


def carry_out(jobs: Sequence[Job], cluster: int | str, watcher: Watcher, resumed_by: str) -> None:
    """Do all jobs that have not ended.

    Args:
        jobs: All of the suite.
        cluster: How many workers to start on this machine, or the address of a scheduler.
        watcher: Told of all that happens.
        resumed_by: The command line that would go on.

    Raises:
        Refusal: as `supervise`, `local` and `remote`.
        Interruption: on Ctrl-C, once all workers of this machine have ended.
    """
    open_ = [job for job in jobs if job.result is None]
    watcher.begin(jobs)
    try:
        if open_:
            asyncio.run(_carry_out(open_, cluster, watcher))
    except KeyboardInterrupt:
        raise Interruption(_interrupted(jobs, resumed_by)) from None
    except Refusal as refusal:
        if not any(job.files or job.result for job in open_):
            raise
        *others, last = refusal.diagnostics
        going_on = f"{resumed_by}    (then, to go on with what is in the run folders)"
        raise Refusal(*others, replace(last, helps=(*last.helps, going_on))) from None
    finally:
        watcher.finish()


async def _carry_out(jobs: Sequence[Job], cluster: int | str, watcher: Watcher) -> None:
    from circuitlang.suites.clusters import local, remote  # Dask takes a second, and there may be nothing to do
    from circuitlang.suites.supervision import supervise

    async with remote(cluster) if isinstance(cluster, str) else local(min(cluster, len(jobs))) as client:
        await supervise(client, jobs, watcher.see)


def _interrupted(jobs: Sequence[Job], resumed_by: str) -> Diagnostic:
    """W666, with what is kept."""
    done = sum(job.result is not None for job in jobs)
    begun = sum(job.result is None and bool(job.files) for job in jobs)
    note = f"{done} of {counted(len(jobs), 'case')} ended before; checkpoints of {begun} more are in their run folders"
    helps = (f"{resumed_by}    (goes on from there)",)
    return Diagnostic("W666", "the suite was interrupted", notes=(note,), helps=helps)

"""Who trains what.  In: jobs and a client of a cluster; out: nothing, but every job has ended.

A worker has one training at a time, whatever it could take: a second one in the same process would share its threads.
A training whose worker goes away goes on elsewhere, from what was last heard of it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from uuid import uuid4

from distributed import Client, Future
from distributed.scheduler import KilledWorker

from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.reports.failures import internal
from circuitlang.suites.jobs import Job
from circuitlang.suites.parcels import Returned
from circuitlang.suites.working import collect, versions, work

POLL = 0.5  # seconds between two questions
ANSWER = 30.0  # seconds that the scheduler may take for an answer
PATIENCE = 60.0  # seconds without any worker


async def supervise(client: Client, jobs: Iterable[Job], told: Callable[[Job], None]) -> None:
    """Carry out all jobs.

    Args:
        client: An asynchronous client of the cluster.
        jobs: Those that have not ended.
        told: Called with a job whenever something is new of it.

    Raises:
        Refusal: E661 if the scheduler goes away, E662 for a worker of other versions, E665 if there is no worker for
            long, E595 where something cannot be written.
    """
    waiting, lanes = deque(jobs), dict[str, tuple[Job, asyncio.Task[Returned | None]]]()
    trusted, seen = set[str](), time.monotonic()
    try:
        while waiting or lanes:
            there = await workers(client)
            seen = time.monotonic() if there else seen
            if time.monotonic() - seen > PATIENCE:
                raise Refusal(_no_workers())
            for address in there:
                if waiting and address not in lanes and await _is_fit(client, address, trusted):
                    job = waiting.popleft()
                    lanes[address] = job, asyncio.create_task(_attempt(client, address, job, told))
            running = [lane for _, lane in lanes.values()]
            await (asyncio.wait(running, timeout=POLL, return_when="FIRST_COMPLETED") if running else _sleep())
            for address, (job, lane) in list(lanes.items()):
                if lane.done():
                    del lanes[address]
                    _conclude(job, lane.result())
                    if job.result is None:
                        waiting.appendleft(job)
                    told(job)
    finally:
        for _, lane in lanes.values():
            lane.cancel()
        await asyncio.gather(*(lane for _, lane in lanes.values()), return_exceptions=True)


async def workers(client: Client) -> list[str]:
    """The addresses of all workers.

    Raises:
        Refusal: E661 if the scheduler does not answer.
    """
    try:
        return list(await asyncio.wait_for(client.nthreads(), ANSWER))
    except (OSError, TimeoutError) as error:
        raise Refusal(_lost(str(error) or "it does not answer")) from None


def _lost(how: str) -> Diagnostic:
    """E661."""
    helps = ("start it again, or train on this machine: --jobs N instead of --cluster",)
    notes = (how, "what was finished is in its run folders, and so are the last checkpoints of the others")
    return Diagnostic("E661", "the scheduler of the cluster is gone", notes=notes, helps=helps)


def _no_workers() -> Diagnostic:
    """E665."""
    helps = ("start workers: dask worker ADDRESS", "or train on this machine: --jobs N instead of --cluster")
    return Diagnostic("E665", "for a minute the cluster has had no worker", helps=helps)


def _conclude(job: Job, returned: Returned | None) -> None:
    if returned is None:
        job.lose()
    else:
        job.take(returned)


async def _attempt(client: Client, address: str, job: Job, told: Callable[[Job], None]) -> Returned | None:
    """What a worker makes of a job; None if it is gone before the end."""
    key, mark = f"circuitc-{uuid4().hex}", 0
    future = client.submit(work, job.parcel, key, key=key, workers=[address], allow_other_workers=False, pure=False)
    outcome = asyncio.ensure_future(_outcome(future))
    try:
        while not (await asyncio.wait({outcome}, timeout=POLL))[0]:
            if address not in await workers(client):
                return None
            with suppress(OSError, TimeoutError):  # it is busy, or about to be missed
                answer = client.run(collect, key, mark, workers=[address], on_error="ignore")
                news = (await asyncio.wait_for(answer, ANSWER)).get(address)
                if news is not None:
                    mark = news.mark
                    job.hear(news)
                    told(job)
        return outcome.result()
    finally:
        outcome.cancel()
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(future.cancel(), ANSWER)


async def _outcome(future: Future) -> Returned | None:
    try:
        return await future
    except KilledWorker:
        return None
    except Exception as error:
        if future.cancelled():  # by the scheduler, which is gone, or has lost the worker
            return None
        return Returned(end="failed", files={}, diagnostics=(internal(error),))


async def _is_fit(client: Client, address: str, trusted: set[str]) -> bool:
    """Whether a worker computes as this machine does, asked once; False where it is gone already.

    Raises:
        Refusal: E662 if it does not.
    """
    if address in trusted:
        return True
    try:
        answer = client.run(versions, workers=[address], on_error="return")
        found = (await asyncio.wait_for(answer, ANSWER)).get(address)
    except (OSError, TimeoutError):
        return False
    if found is None or isinstance(found, OSError | TimeoutError):
        return False
    differing = _differing(found, versions())
    if differing:
        raise Refusal(_unfit(address, differing))
    trusted.add(address)
    return True


def _differing(found: object, wanted: dict[str, str]) -> list[str]:
    if not isinstance(found, dict):  # what importing us there has raised
        return [f"circuitlang {wanted['circuitlang']} cannot be imported there: {found}"]
    names = [name for name in wanted if found.get(name) != wanted[name]]
    return [f"{name} {found.get(name, 'is missing')}, not {wanted[name]}" for name in names]


def _unfit(address: str, differing: list[str]) -> Diagnostic:
    """E662."""
    helps = ("install the same versions on all machines, and start the workers anew",)
    message = f"the worker {address} has other versions than this machine"
    return Diagnostic("E662", message, notes=tuple(differing), helps=helps)


async def _sleep() -> None:
    await asyncio.sleep(POLL)

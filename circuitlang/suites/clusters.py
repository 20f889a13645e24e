"""Clusters.  In: a number of workers, or the address of a scheduler; out: a client, and in the end nothing is left."""

import asyncio
import logging
import sys
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from tempfile import TemporaryDirectory

from dask.config import set as configured
from distributed import Client, LocalCluster
from distributed.comm.addressing import parse_host_port
from distributed.system import MEMORY_LIMIT
from distributed.utils import get_mp_context

from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.diagnostics.writing import reason

KNOCK = 10.0  # seconds until a scheduler has to answer
LEAST = 2 * 2**30  # bytes of memory for a worker, however many there are: with less it could not even begin
# Dask would let a worker wait when its memory is nearly full, for data that are not ours; one that wants more ends.
MEMORY = {f"distributed.worker.memory.{step}": False for step in ("target", "spill", "pause")}
# Dask would have memory returned at every chance, and a training takes twice the time when it asks for it again.
THREADS = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS")}
SURROUNDINGS = {"distributed.nanny.pre-spawn-environ": THREADS}
STARTS = 3  # times that workers of this machine may fail to start


@asynccontextmanager
async def local(jobs: int) -> AsyncIterator[Client]:
    """A client of workers on this machine: supervised processes of one thread each, which share its memory.

    A worker that dies, or wants more than its share, is started anew by its nanny. All of them die with this process.

    Raises:
        Refusal: E665 if they cannot be started.
    """
    with _quiet(), _forking(), TemporaryDirectory(prefix="circuitc-", ignore_cleanup_errors=True) as scratch:
        with configured({"temporary-directory": scratch, **MEMORY, **SURROUNDINGS}):
            cluster = await _start(jobs, scratch)
            async with cluster, Client(cluster, asynchronous=True, set_as_default=False) as client:
                yield client


async def _start(jobs: int, scratch: str) -> LocalCluster:
    """The cluster; a worker that dies before it has begun is no reason to do without it."""
    for left in reversed(range(STARTS)):
        try:
            return await LocalCluster(
                n_workers=jobs,
                threads_per_worker=1,
                processes=True,
                memory_limit=max(LEAST, MEMORY_LIMIT // jobs),
                local_directory=scratch,
                preload=["circuitlang.suites.shielding"],
                dashboard_address="127.0.0.1:0",  # without an address it would be open to all the world
                scheduler_kwargs={"dashboard": False},
                silence_logs=logging.CRITICAL + 1,
                asynchronous=True,
            )
        except (OSError, RuntimeError, TimeoutError) as error:
            if not left:
                message = f"the workers on this machine could not be started: {error}"
                raise Refusal(Diagnostic("E665", message, helps=("use fewer: --jobs 1",))) from None
    raise AssertionError("never reached")


@asynccontextmanager
async def remote(address: str) -> AsyncIterator[Client]:
    """A client of the cluster whose scheduler is at an address.

    Raises:
        Refusal: E660 if nobody answers there.
    """
    with _quiet():
        client = None
        try:
            await _knock(address)
            client = await Client(address, asynchronous=True, set_as_default=False, timeout=KNOCK)
        except ConnectionRefusedError:
            raise Refusal(_unreachable(address, "nobody listens there")) from None
        except (OSError, TimeoutError, ValueError) as error:
            raise Refusal(_unreachable(address, reason(error) or "it does not answer")) from None
        async with client:
            yield client


async def _knock(address: str) -> None:
    """Whether anybody listens at all; the client would try for long.

    Raises:
        OSError, TimeoutError, ValueError: for what is no address, or nobody's.
    """
    scheme, _, place = address.rpartition("://")
    if scheme not in ("", "tcp", "tls"):
        return
    host, port = parse_host_port(place)
    if not host or not port:
        raise ValueError("an address has a host and a port, such as tcp://10.0.0.7:8786")
    _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), KNOCK)
    writer.close()


def _unreachable(address: str, how: str) -> Diagnostic:
    """E660."""
    helps = (
        "name the address that `dask scheduler` prints: --cluster tcp://HOST:PORT",
        "or train on this machine: --jobs N",
    )
    return Diagnostic("E660", f"there is no cluster at `{address}`", notes=(how,), helps=helps)


@contextmanager
def _forking() -> Iterator[None]:
    """Workers are forks of one process that has imported all they need and done nothing: they begin at once.

    On systems where a process with such libraries should not be forked, each imports them anew, which takes seconds.
    """
    if sys.platform != "linux":
        yield
        return
    with configured({"distributed.worker.multiprocessing-method": "forkserver"}):
        get_mp_context().set_forkserver_preload(["circuitlang.suites.working"])  # instead of what Dask has chosen
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the log of Dask, which tells of every worker that comes and goes: what matters is told by us."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)

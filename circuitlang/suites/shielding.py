"""What Dask loads into every worker of this machine before it begins.  In: a worker; out: nothing, but Ctrl-C, which a
terminal sends to all processes at once, is left to the one that leads the suite: it ends the others.
"""

import signal


def dask_setup(_worker: object) -> None:
    """Ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

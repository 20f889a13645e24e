"""The codes E660 to W666: suites of trainings, and clusters.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

SUITES: tuple[Code, ...] = (
    Code(
        "E660",
        "cluster-unreachable",
        "nobody answers at the address of the cluster",
        """\
`--cluster ADDRESS` is the address of a running Dask scheduler, such as `tcp://10.0.0.7:8786`; `dask scheduler` prints
its own when it starts.  The message repeats what the connection failed with.  Nothing was trained.  Without a cluster,
`--jobs N` starts N worker processes on this machine.
""",
    ),
    Code(
        "E661",
        "cluster-lost",
        "the scheduler of the cluster went away while a suite was trained",
        """\
The scheduler was stopped, or the connection to it was cut.  What was finished is in its run folders, and so is the last
checkpoint of every training that was under way: `--resume` goes on from these, on the same cluster, on another one or
with `--jobs N`, and ends with the same networks.
""",
    ),
    Code(
        "E662",
        "worker-of-another-version",
        "a worker of the cluster has other versions than the machine that asks",
        """\
Other versions of torch, numpy or circuitlang round and draw in other ways, so that a training that moved from one
worker to another would be repeated by neither; other versions of Python may not even read what is sent.  Nothing is
trained on such a worker.  Install the same versions on all machines: `pip freeze` on one gives the list for the others.
""",
    ),
    Code(
        "E663",
        "worker-lost-repeatedly",
        "a training has ended its worker again and again",
        """\
When a worker is killed, its training goes on elsewhere from the last checkpoint, as often as it takes.  If it gets no
further than that checkpoint three times in a row, it is given up, and the others go on.  As a rule it wants more memory
than a worker has, and the system, or Dask's nanny, ends it: use fewer jobs at a time, or make something smaller.  The
last checkpoint, if there is one, is kept in the run folder.
""",
    ),
    Code(
        "E664",
        "program-stays-here",
        "a program needs files that do not travel to the workers of a cluster",
        """\
A program travels to a worker with all that it imports, and weights and checkpoints travel with it.  Python files that
`extern` names do not: they may import anything, and nobody at the cluster has read them.  Nor do the weights of other
networks by whose claims a training ends.  `--jobs N` trains on this machine, where the files are; for a cluster, train
such a program by itself.
""",
    ),
    Code(
        "E665",
        "no-workers",
        "there is nobody to train a suite",
        """\
The scheduler answers, and for a minute it has had no worker; or the worker processes of `--jobs N` could not be
started.  `dask worker ADDRESS` starts a worker, on any machine with the same versions of circuitlang and torch.  What
was finished before is in its run folders, with the last checkpoint of every training that was under way.
""",
    ),
    Code(
        "W666",
        "suite-interrupted",
        "a suite was interrupted from the keyboard",
        """\
Trainings that were finished are in their run folders, and the others have their last checkpoints there, which are a few
seconds old.  `--resume` finds the former and goes on with the latter, to the same networks, bit by bit, as if nothing
had happened.  A training that had not begun, or not written a checkpoint yet, begins from the start.
""",
    ),
)

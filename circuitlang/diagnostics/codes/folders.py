"""The codes of run folders and of trainings that are resumed.  In: nothing; out: one entry a code."""

from circuitlang.diagnostics.codes.code import Code

FOLDERS: tuple[Code, ...] = (
    Code(
        "E546",
        "checkpoint-unwritable",
        "the state of a training could not be written to its run folder",
        """\
While it trains, `circuitc train` writes its whole state to `checkpoint.safetensors` every twenty seconds or so.  The
disk is full, or the folder may not be written any more; the message says which.  The network could not be stored there
either, so the training was stopped.  The checkpoint before is still there, whole: `circuitc train FILE --resume` goes
on from it once there is room.
""",
    ),
    Code(
        "E552",
        "unfinished-training",
        "the run folder holds a training that was interrupted, and nothing says whether to go on with it",
        """\
A training that is killed or interrupted leaves its last checkpoint in the run folder.  `--resume` goes on from there
and ends with the same network, bit by bit, as if nothing had happened; `--again` throws the checkpoint away and trains
from the start.  Without one of them nothing is done, so that no hours of training are lost by accident.
""",
    ),
    Code(
        "E553",
        "checkpoint-of-another-training",
        "the checkpoint in the run folder is of another training than the one to go on with",
        """\
A checkpoint belongs to one training: to the model, the data, the alignment, the architecture, the settings and the seed
that it began with.  Going on from it under other ones would give a network that no declaration describes.  Claims are
not among them: they may be edited while a training is interrupted.  Take the edit back, train into another
folder, or throw the checkpoint away with `--again`.
""",
    ),
    Code(
        "E554",
        "checkpoint-of-another-version",
        "the checkpoint in the run folder was written by other versions, or on another kind of device",
        """\
Other versions of torch, numpy or circuitlang, and other kinds of device, round and draw in other ways.  A training that
began with one and ends with another would be repeated by neither, and could not be told from one that can.  Install the
versions that the message names and use `--resume` again, or train from the start with `--again`.
""",
    ),
    Code(
        "W555",
        "training-interrupted",
        "a training was interrupted from the keyboard",
        """\
The state of the training after its last checkpoint is lost, the checkpoint itself is in the run folder, and the message
says after how many steps it was written.  `circuitc train FILE --resume` goes on from there and ends with the same
network, bit by bit, as if nothing had happened.  A training that was interrupted before its first checkpoint begins
from the start.
""",
    ),
    Code(
        "W556",
        "claims-edited-since",
        "the claims that a training was stopped by have been edited since",
        """\
A network is kept as long as what it is trained from stays the same, and claims are no part of that: a claim edited
never trains anything again.  So a training may have ended by claims that are no longer those of the file.  Nothing is
wrong with the network; whether the edited claims hold of it is for `circuitc verify` to decide, and where they do not,
`circuitc train FILE --again` trains until they do.
""",
    ),
    Code(
        "E580",
        "foreign-record",
        "the `run.json` of a folder was not written by circuitlang",
        """\
A run folder says in `run.json` what its network was trained from and what was decided about it.  The file of that name
in this folder is another program's, so the folder is not a run folder.  It is neither used nor, without `--again`,
overwritten: name another folder with `--run`, or move the file away.
""",
    ),
    Code(
        "E581",
        "unrecorded-weights",
        "the weights in a run folder are not those that its record speaks of",
        """\
`run.json` names the hash of the network that was kept in the folder, and `network.safetensors` beside it is an intact
network with another hash, or there is no record at all.  Either the process that wrote both was killed in between, or
one of them was exchanged.  Verdicts and the course of the training are about the recorded network, so the other one
is not taken for it.  `circuitc train FILE --again` makes the folder whole; `--network NAME=FILE` measures the weights
as weights of their own.
""",
    ),
    Code(
        "E582",
        "folder-of-another-run",
        "the run folder that was named holds the network of other declarations",
        """\
A run folder holds one network, and `run.json` in it says from which declarations that came.  They are not the ones of
this file: another network, or the same one before its model, data, alignment, architecture, settings or seed were
edited.  Nothing is overwritten by accident: name another folder, leave `--run` out (every set of declarations has a
folder of its own then), or replace what is there with `circuitc train FILE --again`.
""",
    ),
    Code(
        "E583",
        "tracker-not-installed",
        "a tracker was chosen that is not installed",
        """\
With `--tracker tensorboard` or `--tracker wandb` a training keeps its losses, shares and learning rates for that
program as well, in its run folder.  Both are extras, and circuitlang works without them: install the one that you want
with the command of the message.  Neither is imported, or looked for, unless it is chosen.
""",
    ),
    Code(
        "E589",
        "tracker-failed",
        "a tracker could not take the numbers of a training",
        """\
The message holds what the tracker itself said: no folder to write to, or, where WANDB_MODE is `online`, no account or
no connection.  The training was stopped rather than go on without the record that was asked for.  Its last checkpoint
is kept: `circuitc train FILE --resume` goes on from there, with the tracker or without it.
""",
    ),
    Code(
        "E596",
        "newer-record",
        "the `run.json` of a run folder was written by a newer circuitlang",
        """\
The record says with its `schema_version` how it is to be read, and this version of circuitlang knows only older ways.
It is neither used nor overwritten.  Upgrade circuitlang, or name another folder with `--run`.
""",
    ),
    Code(
        "E598",
        "damaged-record",
        "the `run.json` of a run folder was a record once, but has changed",
        """\
A run folder remembers in `run.json` what its network was trained from and what was decided about it, with a checksum
over all of it.  The file there was cut short or changed by hand, so nothing in it is used and it is not overwritten:
move it away, or name another folder with `--run`.  The weights beside it are not touched by this;
`circuitc train FILE --again` makes them and their record anew.
""",
    ),
)

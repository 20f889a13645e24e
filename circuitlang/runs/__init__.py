"""Runs: networks that are made, kept in their folders, and opened again.  In: a program, one of its networks, a folder;
out: a run.

A folder holds `network.safetensors` and its record `run.json`, or the checkpoint of a training that has not ended, or
nothing. The network is written first, then the record, and then the checkpoint goes: whatever a killed process leaves
is told apart, and nothing is overwritten unless `again` says so.
"""

from circuitlang.runs.compiling import compile_network, compile_run
from circuitlang.runs.run import Run, open_run
from circuitlang.runs.training import Interruption, Plan, plan_training, train_run

__all__ = [
    "Interruption",
    "Plan",
    "Run",
    "compile_network",
    "compile_run",
    "open_run",
    "plan_training",
    "train_run",
]

"""Suites: many trainings at a time, on worker processes of this machine or on a cluster.  In: programs; out: the run
folder of every training, as `circuitc train FILE` would leave it, and what is said of all of them.

Workers share no disk with whoever asks: programs, weights and checkpoints travel, and only this side writes.
"""

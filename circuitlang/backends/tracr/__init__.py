"""Exact weights by construction.  In: a causal model and its data; out: a network and its alignment.

`planning` says how large the network will be, and needs no torch; `compiling` writes it.
"""

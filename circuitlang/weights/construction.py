"""Compiled networks.  In: a program and one of its compiled networks; out: the weights, by construction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuitlang.core.network import Compiled
from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal
from circuitlang.weights.refusals import not_yet

if TYPE_CHECKING:
    from circuitlang.backends.tracr.compiling import TracrNetwork
    from circuitlang.core.data import Data


def construct(program: Program, name: str) -> TracrNetwork:
    """A compiled network, with the place of every node.

    Raises:
        Refusal: E617 for a backend of a later version, E502 to E510 for what Tracr cannot do.
    """
    from circuitlang.backends.tracr.compiling import compile_tracr

    declared = program.network(name)
    assert isinstance(declared.origin, Compiled)
    model = declared.origin.model
    if declared.origin.backend != "tracr":
        raise not_yet(
            "E617",
            declared,
            "is compiled by cosets, which this version cannot do",
            f"models of sequences can be compiled: network {name} = tracr(MODEL)",
        )
    return compile_tracr(program, program.model(model), data_of(program, name))


def data_of(program: Program, network: str) -> Data:
    """The data that a compiled network is used with: that of the first claim about it, else of its model."""
    for claim in program.claims:
        if claim.data is not None and network in program.networks_of(claim):
            return program.dataset(claim.data.name)
    origin = program.network(network).origin
    assert isinstance(origin, Compiled)
    for data in program.data:
        if origin.model in data.models:
            return data
    message = f"nothing says on which data `{network}` is used, and these decide its size"
    raise Refusal(Diagnostic("E594", message, helps=(f"add a data set: data Inputs for {origin.model} {{ ... }}",)))

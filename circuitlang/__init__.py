"""circuitlang: causal circuits as files, compiled or trained into networks, and proved or refuted.

    import circuitlang as cl

    program = cl.load("examples/frac_prevs.circ")
    run     = cl.train(program)
    report  = cl.verify(program, run)

Importing this costs nothing: every name is loaded when it is first used, and only `compile`, `train`, `verify` and what
they return load torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from circuitlang.core.claim import Circuit as Circuit
    from circuitlang.core.program import Program as Program
    from circuitlang.diagnostics.diagnostic import Diagnostic as Diagnostic
    from circuitlang.diagnostics.diagnostic import Refusal as Refusal
    from circuitlang.interface import ProgramWarning as ProgramWarning
    from circuitlang.interface import check as check
    from circuitlang.interface import compile as compile
    from circuitlang.interface import discover as discover
    from circuitlang.interface import load as load
    from circuitlang.interface import render as render
    from circuitlang.interface import train as train
    from circuitlang.interface import verify as verify
    from circuitlang.networks.bridges import from_bridge as from_bridge
    from circuitlang.networks.bridges import to_bridge as to_bridge
    from circuitlang.pipeline import Checked as Checked
    from circuitlang.reports.diagram import Diagram as Diagram
    from circuitlang.runs import Run as Run
    from circuitlang.verification.verdict import Report as Report
    from circuitlang.verification.verdict import Verdict as Verdict

_HOMES = {
    "interface": ("ProgramWarning", "check", "compile", "discover", "load", "render", "train", "verify"),
    "core.claim": ("Circuit",),
    "core.program": ("Program",),
    "diagnostics.diagnostic": ("Diagnostic", "Refusal"),
    "networks.bridges": ("from_bridge", "to_bridge"),
    "pipeline": ("Checked",),
    "reports.diagram": ("Diagram",),
    "runs": ("Run",),
    "verification.verdict": ("Report", "Verdict"),
}
__all__ = [
    "Checked", "Circuit", "Diagnostic", "Diagram", "Program", "ProgramWarning", "Refusal", "Report", "Run", "Verdict",
    "check", "compile", "discover", "from_bridge", "load", "render", "to_bridge", "train", "verify",
]  # fmt: skip


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"circuitlang.{home}"), name)
    raise AttributeError(f"circuitlang has no `{name}`", name=name, obj=import_module(__name__))


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

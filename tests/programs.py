"""Small programs in text, and what the front half makes of them."""

from circuitlang.core.program import Program
from circuitlang.diagnostics import Diagnostic, Refusal, Source, render
from circuitlang.elaboration.elaborate import elaborate
from circuitlang.syntax import parse

FRAC = """circ 1
domain Token = {"w", "x", "y", "z"}
model FracX(tokens[i]: Token) -> frac {
  is_x[i] : bool = tokens[i] == "x"
  frac[i]        = mean(is_x[j] for j where j <= i)
}
data Strings for FracX { tokens ~ uniform(Token)  length(tokens) = 4  tolerance = 0.05 }
network Tiny = transformer { layers = 2  heads = 4  d_model = 12 }
align Trained : FracX -> Tiny { is_x -> L0.mlp  frac -> L1.H2 }
"""
PAIR = """circ 1
domain Name = {"Ann", "Bob", "Cid"}
model Pair(n1: Name, n2: Name) -> same { first : Name = n1  same : bool = first == n2 }
data Pairs for Pair { n1 ~ uniform(Name)  n2 ~ uniform(Name)  prompt = "Is {n1} the same as {n2} ?" }
network Small = transformer { layers = 3  heads = 2  d_model = 8 }
"""


def run(text: str, path: str = "test.circ") -> tuple[Program | None, tuple[Diagnostic, ...]]:
    source = Source(path, text)
    program, broken = parse(source)
    elaborated, refused = elaborate(program, source)
    return elaborated, (*broken, *refused)


def accepted(text: str) -> Program:
    program, diagnostics = run(text)
    assert program is not None, render(diagnostics)
    return program


def codes(text: str) -> list[str]:
    return [diagnostic.code for diagnostic in run(text)[1]]


def told(refusal: Refusal) -> str:
    """The codes and sentences of a refusal, without places, notes and helps."""
    return "; ".join(f"{one.code}: {one.message}" for one in refusal.diagnostics)

"""Which edges are the model's: by hand for the examples, rule by rule, and against reachability in models at random."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import const, node
from programs import accepted
from toys import head, mlp

from circuitlang.core.alignment import Alignment, Pair
from circuitlang.core.domain import BOOL
from circuitlang.core.edges import edges_of
from circuitlang.core.expression import Read, SetOf
from circuitlang.core.model import Input, Model
from circuitlang.core.network import TransformerShape
from circuitlang.core.wiring import aligned_edges, outside_edges, spec_edges
from circuitlang.diagnostics import read_source
from circuitlang.pipeline import check

EXAMPLES = Path(__file__).parent.parent / "examples"
SHAPE = TransformerShape(layers=4, heads=2, d_model=8, d_head=4, d_mlp=8)
MODEL = """circ 1
domain Token = "a".."d"
model M(w[i]: Token) -> out {
  first[i]  : bool  = w[i] == "a"
  second[i] : bool  = any(first[j] for j where j < i)
  third[i]  : Token = if second[i] then w[i] else "b"
  out[i]    : Token = if first[i] then third[i] else "c"
}
data D for M { w ~ uniform(Token)  length(w) = 4 }
network N = transformer { layers = 4  heads = 2  d_model = 8 }
"""


def wiring(program, name: str) -> tuple[set[str], set[str]]:
    """The spec and the outside of an alignment, q, k and v of a head that come together as one."""
    alignment = program.alignment(name)
    network, model = program.network(alignment.network), program.model(alignment.model)
    return tuple({str(edge) for edge in part(model, alignment, network.shape)} for part in (spec_edges, outside_edges))


def every(*edges: str) -> set[str]:
    """Edges written short: `L0.mlp -> L1.H2.qkv`, `embed | L0.mlp -> unembed`."""
    found = set()
    for writers, reader in (edge.split(" -> ") for edge in edges):
        part, dot, slots = reader.rpartition(".")
        readers = [f"{part}.{slot}" for slot in slots] if dot and set(slots) <= set("qkv") else [reader]
        found |= {f"{writer} -> {one}" for writer in writers.split(" | ") for one in readers}
    return found


def example(name: str):
    source, _ = read_source(str(next(EXAMPLES.glob(name))))
    assert source is not None
    program = check(source).program
    assert program is not None
    return program


BY_HAND = {
    "interpbench/003_*.circ": (
        "Trained",
        every("embed -> L0.mlp", "L0.mlp -> L1.H2.qkv", "L1.H2 -> unembed"),
        every("embed -> L1.H2.qkv", "embed | L0.mlp -> unembed"),
    ),
    "interpbench/004_*.circ": (  # two nodes in one mlp
        "Trained",
        every("embed -> L0.mlp", "L0.mlp -> L1.H0.qkv", "L0.mlp -> L1.H1.qkv", "L1.H0 | L1.H1 -> L1.mlp",
              "L1.mlp -> unembed"),
        every("embed -> L1.H0.qkv", "embed -> L1.H1.qkv", "embed | L0.mlp -> L1.mlp",
              "embed | L0.mlp | L1.H0 | L1.H1 -> unembed"),
    ),
    "interpbench/021_*.circ": (  # a node in a head and an mlp; `out` reads the tokens too
        "Trained",
        every("embed -> L0.mlp", "L0.mlp -> L1.H0.qkv", "L0.mlp | L1.H0 -> L1.mlp", "L1.H0 | L1.mlp -> L2.mlp",
              "embed | L2.mlp -> L3.H0.qkv", "L3.H0 -> unembed"),
        every("embed -> L1.H0.qkv", "embed -> L1.mlp", "embed | L0.mlp -> L2.mlp",
              "L0.mlp | L1.H0 | L1.mlp -> L3.H0.qkv", "embed | L0.mlp | L1.H0 | L1.mlp | L2.mlp -> unembed"),
    ),
    "ioi.circ": (  # single nodes at positions, inputs in the holes of a prompt
        "Circuit",
        every("embed -> L1.H1.qkv", "L1.H1 -> L2.H1.qkv", "embed | L2.H1 -> L4.H1.qkv", "L4.H1 -> unembed"),
        every("embed -> L2.H1.qkv", "L1.H1 -> L4.H1.qkv", "embed | L1.H1 | L2.H1 -> unembed"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_the_examples_are_wired_as_one_would_by_hand(name):
    alignment, spec, outside = BY_HAND[name]
    assert wiring(example(name), alignment) == (spec, outside)


def test_the_length_is_read_like_any_input_and_unaligned_nodes_are_contracted():
    # opposite = length - 1 - i has no site, so `out` reads what it reads, at the same head
    assert wiring(example("interpbench/002_*.circ"), "Trained") == (
        every("embed -> L3.H0.qkv", "L3.H0 -> unembed"),
        every("embed -> unembed"),
    )


# Rule by rule: an alignment of M, edges that are the model's, edges that are not.
RULES = {
    "an unaligned node is read at its parents": (
        "first -> L0.mlp  third -> L2.mlp  out -> L3.mlp",  # second lies between
        every("L0.mlp | embed -> L2.mlp", "L0.mlp | L2.mlp -> L3.mlp"),
        every("embed -> L3.mlp", "L2.mlp -> unembed"),
    ),
    "an unaligned output is read at its parents": (
        "first -> L0.mlp  second -> L1.H0  third -> L2.mlp",
        every("L0.mlp | L2.mlp -> unembed", "embed | L1.H0 -> L2.mlp"),
        every("embed | L1.H0 -> unembed", "L0.mlp -> L2.mlp", "embed -> L1.H0.qkv"),
    ),
    "an aligned input lives there and nowhere else": (
        "w -> L0.mlp  first -> L1.mlp  out -> L3.mlp",
        every("embed -> L0.mlp", "L0.mlp -> L1.mlp", "L0.mlp | L1.mlp -> L3.mlp"),
        every("embed -> L1.mlp", "embed -> L3.mlp"),
    ),
    "an input at the embedding is where it was": (
        "w -> embed  first -> L1.mlp  out -> L3.mlp",
        every("embed -> L1.mlp", "embed | L1.mlp -> L3.mlp"),
        every("embed | L1.mlp -> unembed"),
    ),
    "a head's input reads by itself, and its others what is read along with its node": (
        "second -> L1.H0.k  third -> L2.mlp  out -> L3.mlp",
        every("embed -> L1.H0.kqv", "L1.H0 | embed -> L2.mlp"),  # third reads second and the tokens
        every("L1.H0 -> L3.mlp", "L1.H0 -> unembed"),
    ),
    "a head that holds a node lets nobody else read": (
        "first -> L1.H0.k  second -> L1.H0  out -> L3.mlp",  # second reads first, which is there already
        every("embed -> L1.H0.k", "L1.H0 | embed -> L3.mlp"),
        every("embed -> L1.H0.qv", "embed -> unembed"),
    ),
    "sites of one node read each other": (
        "first -> L0.mlp | L1.mlp  out -> L2.H0 | L3.mlp",
        every("L0.mlp -> L1.mlp", "L2.H0 -> L3.mlp", "L2.H0 | L3.mlp -> unembed", "embed | L0.mlp | L1.mlp -> L2.H0.q"),
        every("embed | L0.mlp | L1.mlp -> unembed"),
    ),
    "an output in the middle is read at both ends": (
        "first -> L0.mlp  out -> L1.H0 | L3.mlp",
        every("L1.H0 -> L3.mlp", "L1.H0 | L3.mlp -> unembed", "L0.mlp -> L3.mlp"),
        every("L0.mlp | embed -> unembed"),
    ),
    "what stands in the stream was written by its parents' parts": (
        "first -> L0.mlp  second -> resid_mid.1  third -> L2.mlp  out -> L3.mlp",
        every("L0.mlp | embed -> L2.mlp"),
        every("embed -> L3.mlp"),
    ),
    "the first stream is the embedding": (
        "first -> resid_pre.0 @ 1  out -> L3.mlp",
        every("embed -> L3.mlp"),
        every("embed -> unembed"),
    ),
    "a member by itself": (
        "first[0] -> L0.mlp @ 0  out -> L3.mlp",  # the other members live nowhere
        every("embed -> L0.mlp", "embed | L0.mlp -> L3.mlp"),
        every("L0.mlp -> unembed"),
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule(rule):
    pairs, inside, beyond = RULES[rule]
    spec, outside = wiring(accepted(MODEL + f"align A : M -> N {{ {pairs} }}"), "A")
    assert inside <= spec and beyond <= outside


def test_members_of_a_finite_family_are_told_apart():
    text = """circ 1
domain Bit = 0..1
model Pair(a: Bit, b: Bit) -> out {
  one[k: Bit]   : bool = a == k
  two[k: Bit]   : bool = one[k] and b == 1
  three[k: Bit] : bool = two[1]
  out : bool = three[0] or three[1]
}
data D for Pair { a ~ uniform(Bit)  b ~ uniform(Bit)  prompt = "{a} {b}" }
network N = transformer { layers = 4  heads = 2  d_model = 8 }
align A : Pair -> N {
  one[0] -> L0.H0  one[1] -> L0.H1
  two[0] -> L1.H0  two[1] -> L1.H1
  three -> L2.mlp  out -> L3.mlp
}
"""
    spec, outside = wiring(accepted(text), "A")
    assert every("L0.H0 -> L1.H0.qkv", "L0.H1 -> L1.H1.qkv", "L1.H1 -> L2.mlp", "L2.mlp -> L3.mlp") <= spec
    assert every("L0.H1 -> L1.H0.qkv", "L0.H0 -> L1.H1.qkv", "L1.H0 -> L2.mlp", "embed -> L2.mlp") <= outside


def test_members_that_are_read_are_enough():
    """`three[0]` reads all members `two[0, _]`, each of which has a head: what these read is not read past them."""
    text = """circ 1
domain Bit = 0..1
model Pair(a: Bit, b: Bit) -> out {
  one[k: Bit]         : bool = a == k
  two[k: Bit, l: Bit] : bool = one[k] and b == l
  three[k: Bit]       : bool = any(two[k, l] for l in {0, 1})
  out : bool = three[0] or three[1]
}
data D for Pair { a ~ uniform(Bit)  b ~ uniform(Bit)  prompt = "{a} {b}" }
network N = transformer { layers = 4  heads = 4  d_model = 8 }
align A : Pair -> N {
  one -> L0.mlp
  two[0, 0] -> L1.H0  two[0, 1] -> L1.H1  two[1, 0] -> L1.H2  two[1, 1] -> L1.H3
  three[0] -> L2.H0  three[1] -> L2.H1  out -> L3.mlp
}
"""
    spec, outside = wiring(accepted(text), "A")
    assert every("L1.H0 | L1.H1 -> L2.H0.qkv", "L1.H2 | L1.H3 -> L2.H1.qkv") <= spec
    assert every("embed | L0.mlp -> L2.H0.qkv", "embed | L0.mlp -> L2.H1.qkv", "L1.H2 -> L2.H0.qkv") <= outside
    spec, outside = wiring(accepted(text.replace("two[0, 1] -> L1.H1", "")), "A")
    assert every("embed | L0.mlp | L1.H0 -> L2.H0.qkv") <= spec, "one of them lives nowhere"
    assert every("embed | L0.mlp -> L2.H1.qkv") <= outside


def test_a_node_of_positions_alone_reads_nothing_of_the_tokens():
    text = MODEL.replace('first[i]  : bool  = w[i] == "a"', "first[i] : bool = i == 0")
    spec, outside = wiring(accepted(text + "align A : M -> N { first -> L0.mlp  out -> L3.mlp }"), "A")
    assert "embed -> L0.mlp" in outside and "embed -> L3.mlp" in spec


# --- at random

PLACES = (*(head(layer, number) for layer in range(4) for number in range(2)), *(mlp(layer) for layer in range(4)))


def named(name: str, *parents: str):
    return node(name, BOOL, SetOf((const(0), *(Read(parent) for parent in parents))))


@st.composite
def models(draw) -> Model:
    inputs = tuple(Input(name=name, domain=BOOL) for name in ("a", "b"))
    names, nodes = ["a", "b"], []
    for number in range(draw(st.integers(1, 6))):
        nodes.append(named(f"n{number}", *draw(st.sets(st.sampled_from(names), max_size=3))))
        names.append(f"n{number}")
    return Model(name="M", inputs=inputs, nodes=tuple(nodes), output=names[-1])


@st.composite
def alignments(draw, model: Model) -> Alignment:
    names = [part.name for part in (*model.inputs, *model.nodes)]
    placed = draw(st.lists(st.sampled_from(names), unique=True))
    pairs = [
        Pair(node=name, sites=tuple(draw(st.sets(st.sampled_from(PLACES), min_size=1, max_size=2)))) for name in placed
    ]
    return Alignment(name="A", model="M", network="N", pairs=tuple(pairs))


def reachable(model: Model, alignment: Alignment) -> set[tuple[str, str]]:
    """Who writes for whom, by walking from every node down to those that read it, past those without a site."""
    homes = {pair.node: {str(site) for site in pair.sites} for pair in alignment.pairs}
    found = {(one, other) for own in homes.values() for one in own for other in own}
    for start in (*model.inputs, *model.nodes):
        is_input = start in model.inputs
        writers = homes.get(start.name, {"embed"} if is_input else set())
        if is_input and start.name in homes:
            found |= {("embed", site) for site in homes[start.name]}
        left, seen = [start.name], set()
        while left:
            name = left.pop()
            if name == model.output and (name == start.name or name not in homes):
                found |= {(writer, "unembed") for writer in writers}
            for child in (one for one in model.nodes if name in one.parents and one.name not in seen):
                seen.add(child.name)
                found |= {(writer, reader) for writer in writers for reader in homes.get(child.name, ())}
                left += [] if child.name in homes else [child.name]
    return found


@given(st.data())
def test_an_edge_is_the_models_if_a_path_of_unaligned_nodes_leads_along_it(data):
    model = data.draw(models())
    alignment = data.draw(alignments(model))
    universe, spec = aligned_edges(model, alignment, SHAPE), spec_edges(model, alignment, SHAPE)
    outside, wanted = outside_edges(model, alignment, SHAPE), reachable(model, alignment)
    assert set(spec) == {
        e for e in universe if (str(e.writer), str(e.reader).removesuffix(f".{e.reader.slot}")) in wanted
    }
    order = {edge: number for number, edge in enumerate(edges_of(SHAPE))}
    for part in (universe, spec, outside):
        assert [order[edge] for edge in part] == sorted({order[edge] for edge in part})
    assert set(spec).isdisjoint(outside) and set(spec) | set(outside) == set(universe)
    held = {str(site) for pair in alignment.pairs for site in pair.sites}
    assert {str(edge.writer) for edge in universe} <= held | {"embed"}
    assert len([edge for edge in universe if edge.reader.kind == "unembed"]) == 1 + len(held)


@given(st.data())
def test_a_node_that_gets_a_place_of_its_own_opens_no_edge_between_the_others(data):
    model = data.draw(models())
    before = data.draw(alignments(model))
    taken = {site for pair in before.pairs for site in pair.sites}
    free = [part.name for part in (*model.inputs, *model.nodes) if part.name not in before.nodes]
    places = [site for site in PLACES if site not in taken]
    if not free or not places:
        return
    pair = Pair(node=data.draw(st.sampled_from(free)), sites=(data.draw(st.sampled_from(places)),))
    after = Alignment(name="A", model="M", network="N", pairs=(*before.pairs, pair))
    assert set(aligned_edges(model, before, SHAPE)) <= set(aligned_edges(model, after, SHAPE))
    assert set(outside_edges(model, before, SHAPE)) <= set(outside_edges(model, after, SHAPE))

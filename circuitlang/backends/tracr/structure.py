"""The one door to Tracr.  In: operations; out: the layer, head and half-layer that Tracr gives each of them.

Tracr decides the structure: the operations become one RASP expression each, and its own passes validate them, extract
the graph, build components and allocate layers. For that every value set is reduced to one value, since the structure
does not depend on them; the weights, which do, are ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from circuitlang.backends.tracr.operations import POSITION, Attention, Operation
from circuitlang.diagnostics.diagnostic import Diagnostic, InternalError, Refusal


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation is computed: a head and its layer, the layer of its neurons, or both."""

    head_layer: int | None = None
    head: int | None = None
    mlp_layer: int | None = None


def place_operations(operations: Sequence[Operation], output: str, sequence: str) -> dict[str, Place]:
    """The place of every operation, by the name of its node.

    Raises:
        Refusal: E501 where Tracr is not installed.
    """
    try:
        from tracr.compiler import craft_graph_to_model, expr_to_craft_graph, nodes, rasp_to_graph, validating
        from tracr.craft import bases, transformers
        from tracr.rasp import rasp
    except ImportError:
        raise Refusal(
            Diagnostic(
                "E501",
                "compiling with Tracr needs the package `tracr-pypi`, which is not installed",
                notes=("Tracr decides in which layer each node is computed",),
                helps=("pip install 'circuitlang[tracr]'",),
            )
        ) from None

    heads: dict[str, rasp.SOp] = {}  # the expression whose component is a head, by node
    tables: dict[str, rasp.SOp] = {}  # the one whose component is neurons
    facts: dict[str, rasp.SOp] = {sequence: rasp.tokens, POSITION: rasp.indices}
    for operation in operations:
        name = operation.node
        inputs = [facts[fact] for fact in operation.facts]
        if not isinstance(operation, Attention):
            one = len(inputs) == 1
            table = rasp.Map(_zero, *inputs, simplify=False) if one else rasp.SequenceMap(_zero, *inputs)
            facts[name] = tables[name] = table.named(name)
            continue
        selector = rasp.Select(facts[operation.key], facts[operation.query], _always)
        if operation.value is None:
            facts[name] = heads[name] = tables[name] = rasp.SelectorWidth(selector).named(name)
            continue
        facts[name] = heads[name] = rasp.Aggregate(selector, facts[operation.value]).named(name)
        if operation.has_neurons:
            facts[name] = tables[name] = rasp.Map(_zero, heads[name], simplify=False).named(name)

    if unsupported := validating.static_validate(facts[output]):
        raise InternalError(f"Tracr does not take {unsupported[0].expr.name}: {unsupported[0].reason}")
    extracted = rasp_to_graph.extract_rasp_graph(facts[output])
    graph = extracted.graph
    for label, node in graph.nodes.items():
        if isinstance(node[nodes.EXPR], rasp.SOp):
            node[nodes.VALUE_SET] = {0}
            node[nodes.OUTPUT_BASIS] = bases.VectorSpaceWithBasis.from_values(label, {0}).basis
    expr_to_craft_graph.add_craft_components_to_rasp_graph(graph, bos_dir=bases.BasisDirection("tokens", "bos"))
    craft = craft_graph_to_model.craft_graph_to_model(graph, extracted.sources)

    places = {operation.node: Place() for operation in operations}
    half = -1
    for block in craft.blocks:
        half += 1
        half += half % 2 != isinstance(block, transformers.MLP)  # attention is the first half of a layer
        if isinstance(block, transformers.MLP):
            # Parallel neurons are joined into a new block; it is known by what it writes.
            for name, table in tables.items():
                if set(graph.nodes[table.label][nodes.OUTPUT_BASIS]) <= set(block.snd.output_space.basis):
                    places[name] = replace(places[name], mlp_layer=half // 2)
            continue
        for number, component in enumerate(block.as_multi().heads()):
            for name, head in heads.items():
                own = graph.nodes[head.label][nodes.MODEL_BLOCK]
                if component is own or component is getattr(own, "blocks", (None,))[0]:
                    places[name] = replace(places[name], head_layer=half // 2, head=number)
    for operation in operations:
        place = places[operation.node]
        if (place.head is None) == isinstance(operation, Attention) or (place.mlp_layer is None) == (
            operation.node in tables
        ):
            raise InternalError(f"Tracr gave `{operation.node}` no place")
    return places


def _zero(*_: object) -> int:
    return 0


def _always(key: object, query: object) -> bool:
    return key == query == 0

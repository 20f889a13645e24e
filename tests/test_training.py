"""Training: every loss against a slow computation of one example at a time, what ends a run, and what it reaches."""

import io
import math
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from models import FRAC, FRAC_DATA, HIST, HIST_DATA, MOST, MOST_DATA, ioi, ioi_data
from pydantic import ValidationError
from rich.console import Console
from toys import SHAPE, align, exact_network

from circuitlang.backends.siit import specify
from circuitlang.backends.spec import BudgetSpec, PlateauSpec, RampSpec, TrainingSpec
from circuitlang.core import interpret
from circuitlang.core.alignment import Alignment, Pair
from circuitlang.core.claim import Claim, Constant, Metric, Operation, Ref, Statement
from circuitlang.core.data import Hole
from circuitlang.core.network import DataRef, MlpShape, Network, TransformerShape, Untrained
from circuitlang.core.program import Program
from circuitlang.core.site import Position, Site
from circuitlang.core.train import Optimizer, Quantity, Ramp, Train
from circuitlang.core.values import Tie
from circuitlang.diagnostics import Refusal, Source
from circuitlang.measurement.answers import accuracy
from circuitlang.measurement.bench import Bench
from circuitlang.measurement.interchange import interchange
from circuitlang.measurement.strictness import strictness
from circuitlang.measurement.subject import Subject
from circuitlang.networks.artefacts import network_hash
from circuitlang.networks.transformer import build_transformer
from circuitlang.simulation.batches import PROMPT
from circuitlang.simulation.enumeration import enumerate_inputs
from circuitlang.simulation.pairs import Pairs, all_pairs
from circuitlang.simulation.reading import read_for
from circuitlang.training.checks import Check, Survey, check
from circuitlang.training.examples import STRICT, Examples, Interventions, Kinds
from circuitlang.training.loop import train
from circuitlang.training.losses import Losses, answer_losses, mean_over
from circuitlang.training.progress import OnTerminal
from circuitlang.training.schedule import Clock, Plateau, value_at
from circuitlang.training.session import Session
from circuitlang.training.targets import Targets

SHORT = replace(FRAC_DATA, lengths=(("tokens", 2),))  # 16 strings
END, N3 = Position("end"), Position("hole", "n3")


def programme(model, data, shape, alignment, **settings) -> Program:
    method = "siit" if alignment else "supervised"
    training = Train(
        network="Tiny",
        method=method,
        alignment=alignment.name if alignment else None,
        models=(model.name,),
        data=DataRef(data.name),
        **{"optimizer": Optimizer(lr=1e-2), **settings},
    )
    return Program(
        source=Source("test.circ", ""),
        models=(model,),
        networks=(Network(name="Tiny", origin=Untrained(), shape=shape),),
        alignments=(alignment,) if alignment else (),
        data=(data,),
        trains=(training,),
    )


def frac(data=FRAC_DATA, alignment=align(), **settings) -> tuple[Program, TrainingSpec]:  # noqa: B008
    program = programme(FRAC, data, replace(SHAPE, activation="gelu"), alignment, **settings)
    return program, specify(program, program.trains[0])


def hist() -> tuple[Program, TrainingSpec]:
    shape = TransformerShape(
        layers=1, heads=2, d_model=8, d_head=4, d_mlp=8, norm="layernorm", attention="bidirectional"
    )
    alignment = Alignment(
        name="A", model="Hist", network="Tiny", pairs=(Pair(node="n", sites=(Site(kind="mlp", layer=0),)),)
    )
    program = programme(HIST, HIST_DATA, shape, alignment)
    return program, specify(program, program.trains[0])


def prefixes() -> tuple[Program, TrainingSpec]:
    shape = TransformerShape(layers=1, heads=2, d_model=8, d_head=4, d_mlp=8)
    pairs = (Pair(node="n", sites=(Site(kind="head", layer=0, head=1),)),)
    program = programme(MOST, MOST_DATA, shape, Alignment(name="A", model="Most", network="Tiny", pairs=pairs))
    return program, specify(program, program.trains[0])


def small_ioi(**settings) -> tuple[Program, TrainingSpec]:
    def head(layer, position):
        return (Site(kind="head", layer=layer, head=1, position=position),)

    shape = TransformerShape(layers=3, heads=2, d_model=16, d_head=8, d_mlp=16)
    pairs = (
        Pair(node="duplicate", sites=head(0, N3)),
        Pair(node="inhibit", sites=head(1, END)),
        Pair(node="answer", sites=head(2, END)),
    )
    alignment = Alignment(name="C", model="IOI", network="Tiny", pairs=pairs)
    program = programme(ioi(), ioi_data(), shape, alignment, **settings)
    return program, specify(program, program.trains[0])


def session_of(made: tuple[Program, TrainingSpec], **changes) -> Session:
    program, spec = made
    session = Session(spec.model_copy(update=changes), program, "cpu")
    session.network.double()
    return session


# --- one step's losses, one example at a time -----------------------------------------------------------------------


def slow_answers(session: Session, base: int, source: int, *nodes) -> list:
    """What the model answers on the base, by the interpreter, with nodes or members taken from the source."""
    bench = session.runs.variables.bench
    model, rows = bench.subject.model, [bench.batch.assignment(row, bench.subject.model) for row in (base, source)]
    values = interpret.interchange(model, *rows, nodes)
    answer = interpret.answer(model, values)
    return list(answer) if model.output_node.index else [answer]


def slow_place(session: Session, site: Site, row: int) -> int | None:
    """The token that a site stands at, counted out from the template."""
    if site.position is None:
        return None
    batch, prompts = session.runs.variables.bench.batch, session.runs.variables.bench.subject.reading.prompts
    parts = prompts[batch.columns[PROMPT].decode(row)].parts
    return len(parts) if site.position == END else 1 + parts.index(Hole("n3"))


def slow_logits(
    session: Session, base: int, source: int, node: str | None, parts: list, edges=(), spots=None
) -> torch.Tensor:
    """The network's output at the answering positions, patched by TransformerLens' own hooks; keeps the graph."""
    variables, network = session.runs.variables, session.network
    tokens = variables.bench.tokens
    cache: dict[str, torch.Tensor] = {}
    for switch in ("set_use_split_qkv_input", "set_use_hook_mlp_in", "set_use_attn_result"):
        getattr(network, switch)(bool(edges))
    keep = [(hook, lambda value, hook: cache.__setitem__(hook.name, value)) for hook in network.hook_dict]
    network.run_with_hooks(tokens[[source]], fwd_hooks=keep)
    hooks = []

    def patch(site: Site, here: int | None, there: int | None, kept=()) -> None:
        def write(value: torch.Tensor, hook) -> torch.Tensor:
            new = value.clone()
            everywhere = [(i, i) for i in (range(value.shape[1]) if spots is None else spots)]
            for to, start in everywhere if here is None else [(here, there)]:
                if to in kept:
                    continue
                if site.kind == "head":
                    new[0, to, site.head] = cache[hook.name][0, start, site.head]
                else:
                    new[0, to] = cache[hook.name][0, start]
            return new

        suffix = "attn.hook_z" if site.kind == "head" else "mlp.hook_post"
        hooks.append((f"blocks.{site.layer}.{suffix}", write))

    if node is not None:
        for site in variables.bench.subject.alignment.sites(node):
            patch(site, slow_place(session, site, base), slow_place(session, site, source))
    for part in parts:
        patch(part.component, None, None, kept=[slow_place(session, site, base) for site in part.aligned])
    hooks += rewiring(edges, cache)
    logits = network.run_with_hooks(tokens[[base]], fwd_hooks=hooks)[0]
    batch = variables.bench.batch
    if variables.bench.subject.reading.prompts:
        end = slow_place(session, Site(kind="embed", position=END), base)
        return logits[end : end + 1]
    return logits[1 : 1 + int(batch.lengths["tokens"][base])]


def rewiring(edges, cache: dict[str, torch.Tensor]) -> list:
    """Hooks that let readers see what the cache holds of writers, added up edge by edge."""
    live: dict[str, torch.Tensor] = {}

    def name_of(site: Site) -> str:
        match site.kind:
            case "embed":
                return "hook_embed"
            case "head" if site.slot is None:
                return f"blocks.{site.layer}.attn.hook_result"
            case "head":
                return f"blocks.{site.layer}.hook_{site.slot}_input"
            case "mlp":
                return f"blocks.{site.layer}.hook_mlp_out"
        return f"blocks.{SHAPE.layers - 1}.hook_resid_post"

    def reads(edge):
        def see(value: torch.Tensor, hook) -> torch.Tensor:
            change = cache[name_of(edge.writer)] - live[name_of(edge.writer)]
            change = change if edge.writer.head is None else change[:, :, edge.writer.head]
            new = value.clone()
            if edge.reader.head is None:
                return new + change
            new[:, :, edge.reader.head] += change
            return new

        name = f"blocks.{edge.reader.layer}.hook_mlp_in" if edge.reader.kind == "mlp" else name_of(edge.reader)
        return name, see

    keep = [(name_of(edge.writer), lambda value, hook: live.__setitem__(hook.name, value)) for edge in edges]
    return [*keep, *map(reads, edges)]


def slow_loss(session: Session, logits: torch.Tensor, answers: list) -> torch.Tensor | None:
    outputs = session.runs.variables.bench.subject.reading.outputs
    if any(isinstance(answer, Tie) for answer in answers):
        return None
    if outputs is None:
        return torch.stack([(logits[i, 0] - float(a)) ** 2 for i, a in enumerate(answers)]).mean()
    return torch.stack([-F.log_softmax(logits[i], -1)[outputs.index(a)] for i, a in enumerate(answers)]).mean()


def slow_losses(session: Session, interventions: Interventions) -> dict[str, torch.Tensor]:
    variables = session.runs.variables
    rows = range(variables.bench.batch.size)
    if variables.bench.batch.size > 2 * len(interventions):
        rows = sorted({*interventions.pairs.base.tolist(), *interventions.pairs.source.tolist()})
    found = {"behavior": [], "interchange": [], "strict": [], "edges": []}
    for row in rows:
        logits = slow_logits(session, row, row, None, [])
        found["behavior"].append(slow_loss(session, logits, slow_answers(session, row, row)))
    for number in range(len(interventions)):
        base, source = int(interventions.pairs.base[number]), int(interventions.pairs.source[number])
        which = int(interventions.node[number])
        node = None if which == STRICT else variables.nodes[which]
        nodes = len(variables.nodes)
        chosen = interventions.chosen[number, nodes:]
        parts = [part for part, is_chosen in zip(variables.parts, chosen, strict=False) if is_chosen]
        edges = [
            edge for edge, is_chosen in zip(variables.edges, chosen[len(variables.parts) :], strict=True) if is_chosen
        ]
        spots = None if interventions.places[number].all() else np.flatnonzero(interventions.places[number]).tolist()
        changed = [] if node is None else [node] if spots is None else [(node, (spot - 1,)) for spot in spots]
        logits = slow_logits(session, base, source, node, parts, edges, spots)
        loss = slow_loss(session, logits, slow_answers(session, base, source, *changed))
        found["edges" if edges else "strict" if node is None else "interchange"].append(loss)
    known = {kind: [loss for loss in losses if loss is not None] for kind, losses in found.items()}
    return {kind: torch.stack(losses).mean() for kind, losses in known.items() if losses}


def gradients(session: Session, total: torch.Tensor) -> torch.Tensor:
    session.network.zero_grad()
    total.backward()
    return torch.cat(
        [(p.grad if p.grad is not None else torch.zeros_like(p)).flatten() for p in session.network.parameters()]
    )


def frac_edges() -> tuple[Program, TrainingSpec]:
    program, spec = frac()
    return program, spec.model_copy(update={"losses": spec.losses.model_copy(update={"edges": 0.7})})


MADE = {
    "frac": (frac, 24),
    "edges": (frac_edges, 36),
    "padded": (hist, 16),
    "positions": (small_ioi, 24),
    "ties": (prefixes, 24),
}


@pytest.mark.parametrize("name", MADE)
def test_losses_and_gradients_are_those_of_one_example_at_a_time(name):
    make, size = MADE[name]
    session = session_of(make(), batch=size)
    examples = session.examples(0)
    fast = session.runs.losses(examples, None)
    slow = slow_losses(session, examples.interventions)
    for kind in ("behavior", "interchange", "strict", *(["edges"] if name == "edges" else [])):
        assert getattr(fast, kind).item() == pytest.approx(slow[kind].item(), rel=1e-9), kind
    theirs = gradients(session, session.weighted(Losses(**slow), 0))
    ours = gradients(session, session.weighted(session.losses_of(examples, 0), 0))
    assert torch.allclose(ours, theirs, rtol=1e-7, atol=1e-12)
    assert theirs.norm() > 1e-3


def test_the_templates_of_a_prompt_put_sources_at_other_positions():
    """The comparison above means something only if some site has to move."""
    session = session_of(small_ioi(), batch=24)
    examples = session.examples(0)
    pairs, bench = examples.interventions.pairs, session.runs.variables.bench
    moved = bench.positions(N3, pairs.base) != bench.positions(N3, pairs.source)
    assert (moved & (examples.interventions.node == 0)).any()


def test_the_losses_notice_a_wrong_mask_target_or_position():
    session = session_of(frac(), batch=24)
    examples = session.examples(0)
    given = examples.interventions
    right = session.runs.losses(examples, None)
    nodes = len(session.runs.variables.nodes)
    swapped = given.chosen.copy()
    swapped[:, [0, 1]] = swapped[:, [1, 0]]
    rolled = given.chosen.copy()
    rolled[:, nodes:] = np.roll(rolled[:, nodes:], 1, axis=1)
    twins = {
        "interchange": (
            Examples(replace(given, chosen=swapped), examples.targets, examples.counted),
            Examples(given, examples.targets[::-1].copy(), examples.counted),
            Examples(given, examples.targets, np.roll(examples.counted, 1, axis=1)),
            Examples(
                replace(given, pairs=Pairs(given.pairs.source, given.pairs.base)),
                examples.targets,
                examples.counted,
            ),
        ),
        "strict": (Examples(replace(given, chosen=rolled), examples.targets, examples.counted),),
    }
    for kind, wrong in twins.items():
        for twin in wrong:
            found = getattr(session.runs.losses(twin, None), kind).item()
            assert abs(found - getattr(right, kind).item()) > 1e-4, kind


def test_gradients_flow_through_the_source():
    session = session_of(frac(), batch=24)
    examples = session.examples(0)
    through = gradients(session, session.runs.losses(examples, None).interchange)
    record = session.network.record

    def detached(tokens, hooks=None):
        logits, states = record(tokens, hooks)
        return logits, {hook: state.detach() for hook, state in states.items()}

    session.network.record = detached
    assert not torch.allclose(through, gradients(session, session.runs.losses(examples, None).interchange))


def test_an_example_without_a_counted_answer_weighs_nothing():
    outputs = torch.tensor([[[0.0], [3.0]], [[5.0], [1.0]]], requires_grad=True)
    targets, counted = torch.zeros(2, 2), torch.tensor([[False, True], [False, False]])
    losses = answer_losses(outputs, targets, counted)
    assert losses.tolist() == [9.0, 0.0]
    assert mean_over(losses, counted).item() == 9.0
    assert mean_over(losses, torch.zeros(2, 2, dtype=torch.bool)).item() == 0.0


def test_readout_is_a_linear_probe_at_the_site():
    session = session_of(small_ioi(readout=3.0), batch=8)
    readout = session.readout.double()
    rows = np.array([3, 50, 7])
    bench = session.runs.variables.bench
    _, states = session.network.record(bench.tokens[rows], session.runs.variables.hooks)
    expected = torch.zeros(())
    for number, (node, layer) in enumerate([("duplicate", 0), ("inhibit", 1), ("answer", 2)]):
        part = []
        for at, row in enumerate(rows):
            place = slow_place(session, Site(kind="embed", position=N3 if node == "duplicate" else END), row)
            read = (
                states[f"blocks.{layer}.attn.hook_z"][at, place, 1] @ readout.weights[number] + readout.biases[number]
            )
            value = interpret.interpret(bench.subject.model, bench.batch.assignment(row, bench.subject.model))[node, ()]
            part.append(-F.log_softmax(read, -1)[bench.values[node].values.index(value)])
        expected = expected + torch.stack(part).mean()
    assert readout(states, rows).item() == pytest.approx(expected.item(), rel=1e-9)
    shifted = {hook: state.roll(1, 1) for hook, state in states.items()}
    assert readout(shifted, rows).item() != pytest.approx(expected.item(), rel=1e-3)


def test_readout_of_a_family_is_read_position_by_position():
    session = session_of(frac(data=SHORT, readout=1.0), batch=8)
    readout = session.readout.double()
    rows = np.arange(16)
    bench = session.runs.variables.bench
    states = session.network.record(bench.tokens, session.runs.variables.hooks)[1]
    numbers = bench.answers.targets[:, 1:]
    errors = (states["blocks.1.attn.hook_z"][:, 1:, 2] @ readout.weights[1] + readout.biases[1])[
        ..., 0
    ].detach() - torch.tensor(numbers)
    is_x = torch.tensor(
        np.array([[token == "x" for token in bench.batch.columns["tokens"].decode(row)] for row in rows])
    )
    truths = bench.values["is_x"].values
    classes = torch.where(is_x, truths.index(True), truths.index(False))
    read = states["blocks.0.mlp.hook_post"][:, 1:] @ readout.weights[0] + readout.biases[0]
    expected = errors.square().mean() + F.cross_entropy(read.flatten(0, 1), classes.flatten())
    assert readout(states, rows).item() == pytest.approx(expected.item(), rel=1e-6)


def test_tabled_targets_are_the_computed_ones():
    session = session_of(hist(), batch=8)
    bench = session.runs.variables.bench
    rng = np.random.default_rng(0)
    pairs = all_pairs(bench.batch, bench.subject.model, 10**7)
    pairs = pairs.take(rng.integers(0, len(pairs), 200))
    tabled, computed = Targets(bench, ("n",), limit=10**7), Targets(bench, ("n",), limit=0)
    assert tabled.pairs is not None and computed.pairs is None
    one, other = tabled.under(0, pairs), computed.under(0, pairs)
    assert (one.answers.targets == other.answers.targets).all()
    assert (one.effective == other.effective).all() and 0 < one.effective.mean() < 1


# --- what is drawn --------------------------------------------------------------------------------------------------


def test_interventions_are_what_the_specification_says():
    session = session_of(frac())
    nodes, parts = len(session.runs.variables.nodes), len(session.runs.variables.parts)
    assert (nodes, parts) == (2, 8)
    drawn = session.drawer.interchanges(4000, contrast=1.0, members=0.0).interventions
    assert drawn.places.all()
    assert drawn.chosen.sum(1).tolist() == [1] * 4000 and not drawn.chosen[:, nodes:].any()
    assert 0.45 < (drawn.node == 0).mean() < 0.55
    for node in range(nodes):
        these = np.flatnonzero(drawn.node == node)
        assert session.drawer.targets.under(node, drawn.pairs.take(these)).effective.mean() > 0.99
    free = session.drawer.interchanges(4000, contrast=0.0, members=0.0).interventions
    these = np.flatnonzero(free.node == 0)
    assert session.drawer.targets.under(0, free.pairs.take(these)).effective.mean() < 0.95
    strict = session.drawer.strict(4000, single=0.5)
    assert not strict.chosen[:, :nodes].any() and strict.chosen.any(1).all()
    assert 0.48 < (strict.chosen.sum(1) == 1).mean() < 0.58
    assert (strict.chosen.mean(0)[nodes:] > 0.25).all()


def test_members_are_exchanged_one_by_one_and_in_random_sets():
    session = session_of(hist())
    variables = session.runs.variables
    drawn = session.drawer.interchanges(2000, contrast=0.0, members=0.5).interventions
    some = ~drawn.places.all(1)
    assert variables.by_position.tolist() == [True] and 0.4 < some.mean() < 0.6
    lengths = variables.lengths[drawn.pairs.base[some]]
    beyond = np.arange(drawn.places.shape[1]) > lengths[:, None]
    assert not drawn.places[some][beyond].any() and not drawn.places[some, 0].any()
    assert drawn.places[some].any(1).all() and 0.4 < (drawn.places[some].sum(1) == 1).mean() < 0.9


def test_a_node_at_a_position_has_no_members():
    variables = session_of(small_ioi()).runs.variables
    assert not variables.by_position.any()


def test_the_interchanges_of_a_step_depend_on_nothing_before():
    """A training that goes on from a checkpoint draws what it would have drawn."""
    one, other = session_of(frac()), session_of(frac())
    for step in range(13):
        one.interchanges(step, 20)
    first, second = one.interchanges(13, 20), other.interchanges(13, 20)
    assert (first.interventions.pairs.base == second.interventions.pairs.base).all()
    assert (first.targets == second.targets).all()
    assert (one.interchanges(14, 20).interventions.pairs.base != first.interventions.pairs.base).any()


def test_a_survey_tries_every_kind_by_its_name():
    session = session_of(frac_edges())
    variables, drawer = session.runs.variables, session.drawer
    surveyed = drawer.survey(900, Kinds(interchange=True, strict=True, edges=True))
    counts = dict(zip(surveyed.names, np.bincount(surveyed.kind, minlength=len(surveyed.names)), strict=True))
    each = counts["is_x"]
    assert set(counts.values()) == {each, 8 * each, 2 * each} and len(variables.edges) == 5
    assert counts["is_x[i]"] == counts["embed -> unembed"] == each and counts["jointly"] == 8 * each
    for name in ("embed -> unembed", "L1.H3", "frac[i]"):
        these = surveyed.interventions.take(np.flatnonzero(surveyed.kind == surveyed.names.index(name)))
        assert (these.chosen.sum(1) == 1).all()
        option = int(these.chosen[0].argmax())
        options = [*variables.nodes, *map(str, variables.parts), *map(str, variables.edges)]
        assert options[option] == name.removesuffix("[i]")
        assert (these.places.sum(1) == 1).all() if name == "frac[i]" else these.places.all()
    only = drawer.survey(900, Kinds(interchange=False, strict=False, edges=True))
    assert (only.interventions.node == STRICT).all() and session.runs.rewires(only.interventions).all()


def test_pairs_share_their_lengths():
    session = session_of(hist())
    pairs = session.drawer.pairs(500)
    lengths = session.runs.variables.bench.batch.lengths["tokens"]
    assert (lengths[pairs.base] == lengths[pairs.source]).all() and len(set(lengths[pairs.base])) == 4


def test_a_batch_has_both_kinds_and_the_hardest():
    session = session_of(frac(), batch=60)
    assert (session.examples(0).interventions.node == STRICT).sum() == 30
    only = session.drawer.of_nodes(Pairs(np.array([7]), np.array([9])), np.array([1]))
    session.hard = only
    again = session.examples(0).interventions
    assert len(again) == 60 and ((again.pairs.base == 7) & (again.pairs.source == 9)).sum() >= 20


def test_a_check_finds_what_is_wrong_and_where():
    program, spec = frac()
    session = Session(spec, program, "cpu")
    session.network.load_state_dict(exact_network().state_dict())
    survey = Survey(size=1900, margin=0.8, kinds=Kinds(True, True, False), kept=16)
    session.network.blocks[0].mlp.activation = F.relu
    good = check(session.runs, session.checker, survey)
    assert good.worst == 1.0 and good.loss < 1e-10 and len(good.shares) == 14
    with torch.no_grad():
        session.network.unembed.b_U.fill_(0.045)  # of a tolerance of 0.05: too near to it for a margin of 0.8
    assert check(session.runs, session.checker, survey).worst == 0.0
    assert check(session.runs, session.checker, replace(survey, margin=1.0)).worst == 1.0
    with torch.no_grad():
        session.network.unembed.b_U.zero_()
    with torch.no_grad():  # head 1 of layer 1 now passes the first token's `w` on
        session.network.blocks[1].attn.W_V[1, 0, 0] = 1.0
        session.network.blocks[1].attn.W_O[1, 0, 5] = 0.5
        session.network.blocks[1].attn.W_V[1, 1, 0] = 1.0
    bad = check(session.runs, session.checker, survey)
    assert bad.worst < 1 and bad.shares["L1.H1"] < 1 and bad.rank < good.rank
    assert bad.hardest is not None and len(bad.hardest) == 16


def test_a_check_names_the_edge_that_matters():
    program, spec = frac_edges()
    session = Session(spec, program, "cpu")
    session.network.load_state_dict(exact_network().state_dict())
    session.network.blocks[0].mlp.activation = F.relu
    survey = Survey(size=900, margin=0.8, kinds=Kinds(False, False, True), kept=16)
    assert check(session.runs, session.checker, survey).worst == 1.0
    with torch.no_grad():  # the token itself and `is_x` are now read at the end, and cancel
        session.network.unembed.W_U[1] += 0.5
        session.network.unembed.W_U[4] -= 0.5
    found = check(session.runs, session.checker, survey).shares
    wrong = {"embed -> unembed", "L0.mlp -> unembed", "edges jointly"}
    assert {kind for kind, share in found.items() if share < 1} == wrong and found["behaviour"] == 1.0


def test_the_mean_of_the_latest_weights_is_checked_and_kept():
    program, spec = frac(data=SHORT, at_most=(Quantity(60, "steps"),))
    session = Session(spec, program, "cpu")
    expected = {name: one.clone() for name, one in session.network.state_dict().items()}
    for step in range(1, 31):
        session.advance()
        decay = min(spec.optimizer.average, step / (10 + step)) if step > 1 else 0.0
        for name, one in session.network.state_dict().items():
            expected[name] = decay * expected[name] + (1 - decay) * one
    live = {name: one.clone() for name, one in session.network.state_dict().items()}
    with session.average.shown(session.network):
        assert all(torch.allclose(one, expected[name], atol=1e-6) for name, one in session.network.state_dict().items())
    assert all((one == live[name]).all() for name, one in session.network.state_dict().items())
    assert any((one - expected[name]).abs().max() > 1e-3 for name, one in live.items())
    asked: list[dict[str, torch.Tensor]] = []

    def stop(network):
        asked.append({name: one.clone() for name, one in network.state_dict().items()})
        return True

    free = spec.model_copy(update={"check": spec.check.model_copy(update={"gate": 0.0})})
    done = train(free, program, stop=stop)
    assert done.reached and all((one == asked[0][name]).all() for name, one in done.network.state_dict().items())


# --- what ends a run ------------------------------------------------------------------------------------------------


def trained_bytes(seed: int) -> tuple[bytes, tuple]:
    program, spec = frac(data=SHORT, at_most=(Quantity(60, "steps"),))
    done = train(spec.model_copy(update={"seed": seed}), program)
    return b"".join(p.detach().numpy().tobytes() for p in done.network.parameters()), done.history


def test_same_seed_same_bytes():
    assert trained_bytes(3) == trained_bytes(3)
    assert trained_bytes(3)[0] != trained_bytes(4)[0]


def test_divergence_keeps_nothing():
    program, spec = frac(data=SHORT, optimizer=Optimizer(lr=1e9))
    with pytest.raises(Refusal) as refused:
        train(spec, program, stop=lambda network: True)
    assert [one.code for one in refused.value.diagnostics] == ["E550"]
    assert "lr = 0.01" in refused.value.diagnostics[0].helps[0]


def test_the_budget_ends_a_run_and_the_best_network_is_kept():
    program, spec = frac(data=SHORT, at_most=(Quantity(120, "steps"),))
    done = train(spec, program, stop=lambda network: False)
    assert (done.steps, done.reached) == (120, False) and "120 steps" in done.why
    assert [entry.step for entry in done.history] == [50, 100, 120]
    ranks = [min(entry.shares.values()) for entry in done.history]
    session = Session(spec, program, "cpu")
    session.network.load_state_dict(done.network.state_dict())
    survey = Survey(size=2048, margin=0.8, kinds=Kinds(True, True, False), kept=1)
    assert check(session.runs, session.checker, survey).worst >= max(ranks) - 0.1


def test_without_a_single_step_the_weights_stay_random():
    program, spec = frac(data=SHORT, at_most=(Quantity(0, "steps"),))
    trained = train(spec, program)
    assert (trained.steps, trained.history, trained.why) == (0, (), "0 steps are spent")
    random = build_transformer(trained.network.config, spec.seed)
    assert network_hash(trained.network) == network_hash(random)


def test_the_best_network_after_all_ramps_is_kept(monkeypatch):
    program, spec = frac(data=SHORT, strict=Ramp(0.0, 1.0, over=100), at_most=(Quantity(250, "steps"),))
    worst, seen = iter([1.0, 0.5, 0.9, 0.9, 0.8]), []

    def told(session, step, size, margin):
        seen.append([p.detach().clone() for p in session.network.parameters()])
        share = next(worst)
        return Check({"frac": share}, loss=1.0 / len(seen), worst=share, hardest=None)

    monkeypatch.setattr(Session, "check", told)
    done = train(spec, program, stop=lambda network: False)
    assert not done.reached and len(seen) == 5
    kept = [all(torch.equal(p, q) for p, q in zip(done.network.parameters(), one, strict=True)) for one in seen]
    assert kept == [False, False, False, True, False]  # at step 50 nothing strict was asked yet


def test_only_the_claims_end_a_training_early(monkeypatch):
    program, spec = frac(data=SHORT, at_most=(Quantity(200, "steps"),))
    sure, asked = Check({"frac": 1.0}, loss=0.0, worst=1.0, hardest=None), []
    monkeypatch.setattr(Session, "check", lambda *_: sure)

    def stop(network):
        asked.append(1)
        return len(asked) == 3

    done = train(spec, program, stop=stop)
    assert (done.reached, done.steps, done.why) == (True, 150, "its claims hold")
    unasked = train(spec, program)
    assert unasked.steps == 200 and "claims" not in unasked.why


def test_budgets_are_seconds_steps_and_epochs():
    def budget(*amounts):
        return frac(at_most=amounts)[1].budget

    assert budget() == BudgetSpec(steps=20_000)
    assert budget(Quantity(2, "min"), Quantity(30, "s")) == BudgetSpec(seconds=30)
    assert budget(Quantity(0, "steps"), Quantity(1, "h")) == BudgetSpec(seconds=3600, steps=0)
    assert budget(Quantity(3, "epochs")) == BudgetSpec(steps=6)  # 256 strings, 192 a step
    clock = Clock(BudgetSpec(seconds=5.0))
    assert clock.spent(10**9) is None
    clock.began -= 6
    assert clock.spent(0) == "5 s are spent"


def test_deciding_claims_costs_the_training_nothing():
    clock = Clock(BudgetSpec(seconds=0.25))
    with clock.pause():
        began = time.process_time()
        while time.process_time() - began < 0.3:
            math.sqrt(2)
    assert clock.spent(0) is None and clock.seconds < 0.25


def test_no_claim_is_decided_before_a_check_passes():
    program, spec = frac(data=SHORT, at_most=(Quantity(50, "steps"),), optimizer=Optimizer(lr=0.0))
    done = train(spec, program, stop=lambda network: pytest.fail("the network is random"))
    assert not done.reached


def test_ramps_and_plateaus():
    ramp = RampSpec(first=3.0, last=0.0, start=10, over=20)
    assert [value_at(ramp, step) for step in (0, 10, 20, 30, 99)] == [3.0, 3.0, 1.5, 0.0, 0.0]
    assert value_at(0.4, 7) == 0.4
    plateau = Plateau(PlateauSpec(factor=0.5, patience=2, floor=0.2))
    scales = []
    for loss in (1.0, 0.5, 0.49, 0.48, 0.47, 0.47, 0.47, 0.47):
        plateau.see(loss)
        scales.append(plateau.scale)
    assert scales == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.2]


def test_weights_are_applied_once():
    session = session_of(frac(behavior=2.0, iit=0.5, strict=Ramp(0.0, 0.4, over=10)), batch=24)
    examples = session.examples(10)
    losses = session.runs.losses(examples, None)
    expected = 2.0 * losses.behavior + 0.5 * losses.interchange + 0.4 * losses.strict
    assert session.weighted(losses, 10).item() == pytest.approx(expected.item())
    assert (session.examples(0).interventions.node != STRICT).all()  # strict has no weight yet


# --- specifications -------------------------------------------------------------------------------------------------


def share_claim(bound: float) -> Claim:
    metric = Metric("strictness", (Ref("alignment", "Trained"),))
    return Claim(name="c", statements=(Statement(Operation(">=", (metric, Constant(bound)))),), text="")


def test_a_specification_can_be_read_and_read_back():
    _, spec = frac()
    text = spec.model_dump_json(indent=2)
    assert TrainingSpec.model_validate_json(text) == spec
    assert '"L1.H3"' in text and spec.unaligned == tuple("L0.H0 L0.H1 L0.H2 L0.H3 L1.H0 L1.H1 L1.H3 L1.mlp".split())
    assert [(node.node, node.sites) for node in spec.nodes] == [("is_x", ("L0.mlp",)), ("frac", ("L1.H2",))]
    assert (spec.data.inputs, spec.data.size, spec.losses.kind) == ("all", 256, "squared_error")
    with pytest.raises(ValidationError):
        TrainingSpec.model_validate_json(text.replace('"clip"', '"klip"'))
    with pytest.raises(ValidationError):
        TrainingSpec.model_validate_json(text.replace('"schema_version": 1', '"schema_version": 2'))


def test_a_specification_follows_its_program():
    program, _ = frac(batch="all")
    training = replace(program.trains[0], until=("c",))
    program = replace(program, claims=(share_claim(0.97),), trains=(training,))
    spec = specify(program, program.trains[0], seed=5)
    assert (spec.check.gate, spec.batch, spec.seed) == (0.97, 256, 5)
    assert small_ioi()[1].unaligned[1] == "L0.H1 except @ n3"


def test_supervised_training_is_behaviour_alone():
    program, spec = frac(data=SHORT, alignment=None, at_most=(Quantity(100, "steps"),))
    assert spec.losses.interchange == spec.losses.strict == 0.0 and spec.unaligned == ()
    done = train(spec, program, stop=lambda network: True)
    assert done.reached and set(done.history[-1].shares) == {"behaviour"}


@pytest.mark.parametrize(("code", "change"), [("E615", "models"), ("E616", "mlp")])
def test_what_cannot_be_trained_is_refused(code, change):
    program, _ = frac(alignment=None)
    training = program.trains[0]
    if change == "models":
        training = replace(training, models=("FracX", "Other"))
    else:
        program = replace(program, networks=(replace(program.networks[0], shape=MlpShape(embed=4, hidden=4)),))
    with pytest.raises(Refusal) as refused:
        specify(program, training)
    assert [one.code for one in refused.value.diagnostics] == [code]


def test_progress_is_told():
    told = []

    class Told:
        def start(self, name, steps):
            told.append((name, steps))

        def advance(self, step, numbers):
            told.append((step, sorted(numbers)))

        def finish(self, why):
            told.append(why)

    program, spec = frac(data=SHORT, at_most=(Quantity(60, "steps"),))
    train(spec, program, tracker=Told())
    assert [told[0], told[-1], *(step for step, _ in told[1:-1])] == [("Tiny", 60), "60 steps are spent", 50, 60]
    names = {name.partition("/")[0] for _, numbers in told[1:-1] for name in numbers}
    assert names == {"loss", "right", "lr", "attempt", "seed"}
    assert {"loss/behavior", "loss/interchange", "loss/strict", "right/is_x", "right/jointly"} <= set(told[1][1])
    screen = io.StringIO()
    train(spec, program, tracker=OnTerminal(Console(file=screen, force_terminal=True, width=100)))
    assert "Tiny" in screen.getvalue() and "right" in screen.getvalue()


# --- what is reached ------------------------------------------------------------------------------------------------


def measured(network, model, data, alignment) -> list[float]:
    batch = enumerate_inputs(data, model, 10_000)
    pairs = all_pairs(batch, model, 10**6)
    subject = Subject(
        model=model, network=network, reading=read_for(data, model), alignment=alignment, tolerance=data.tolerance
    )
    bench = Bench(subject, batch)
    nodes = [interchange(bench, (node,), pairs).share for node in alignment.nodes]
    return [accuracy(bench).share, *nodes, strictness(bench, pairs, 1, joint=False).worst[1].share]


def test_short_strings_are_learnt_in_seconds():
    program, spec = frac(data=SHORT)
    done = train(spec, program, stop=lambda network: measured(network, FRAC, SHORT, align()) == [1.0] * 4)
    assert done.reached and done.steps <= 1000
    assert measured(done.network, FRAC, SHORT, align()) == [1.0] * 4


def test_a_deep_alignment_at_positions_is_learnt_from_its_readout():
    program, spec = small_ioi(readout=Ramp(3.0, 0.0, over=600), at_most=(Quantity(90, "steps"),), strict=0.0, batch=64)
    spec = spec.model_copy(update={"check": spec.check.model_copy(update={"every": 10, "size": 256})})
    history = train(spec, program).history
    assert history[-1].loss < 0.5 * history[0].loss
    assert history[0].shares["answer"] < 0.5 and history[-1].shares["answer"] > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_the_example_is_learnt_on_every_pair(seed):
    program, spec = frac()
    spec = spec.model_copy(update={"seed": seed})
    done = train(spec, program, stop=lambda network: measured(network, FRAC, FRAC_DATA, align()) == [1.0] * 4)
    assert done.reached and done.seconds < 30

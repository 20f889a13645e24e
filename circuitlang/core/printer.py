"""A Program as text.  In: an elaborated program; out: all that it means, defaults filled in, always the same."""

from collections.abc import Iterable
from typing import TypeAlias

from circuitlang.core.alignment import Alignment, FeaturesOf, Pair
from circuitlang.core.claim import Circuit, Claim, Let
from circuitlang.core.data import Data
from circuitlang.core.domain import BOOL, Domain, Finite, describe_values
from circuitlang.core.expression import Const, Positions, Var, walk
from circuitlang.core.extern import Extern
from circuitlang.core.model import Extent, Index, Input, Model, Node
from circuitlang.core.network import Basis, Checkpoint, Compiled, DataRef, Network, TransformerShape
from circuitlang.core.program import Program
from circuitlang.core.show import show_expr, show_option, show_prompt, show_term
from circuitlang.core.site import Site
from circuitlang.core.train import Ramp, Train
from circuitlang.core.values import show

Declaration: TypeAlias = Finite | Extern | Model | Network | Basis | Alignment | Data | Train | Circuit | Let | Claim


def print_program(program: Program) -> str:
    """The whole program, one block a declaration, sorted by kind and then as written; imported domains first."""
    blocks: Iterable[Declaration] = (
        *_imported(program),
        *program.domains,
        *program.externs,
        *program.models,
        *program.data,
        *program.networks,
        *program.bases,
        *program.alignments,
        *program.trains,
        *program.circuits,
        *program.lets,
        *program.claims,
    )
    return "\n".join(declaration_text(block) for block in blocks)


def declaration_text(thing: Declaration) -> str:
    """One declaration, with a line break at its end. Domains stand by name; to compare meanings see `fingerprint`."""
    match thing:
        case Finite():
            return f"domain {thing.name} = {describe_values(thing.values, 40)}  # {_count(len(thing), 'value')}\n"
        case Extern():
            params = ", ".join(f"{one.name}: {one.domain}" for one in thing.parameters)
            return f"extern python {thing.name}({params}) -> {thing.result} = {show(thing.target)}\n"
        case Model():
            return _model(thing)
        case Network():
            return _network(thing)
        case Basis():
            at = "hidden" if thing.site is None else str(thing.site)
            options = ", ".join(f"{name} = {value}" for name, value in thing.options)
            return f"basis {thing.name} of {thing.network} at {at} = {thing.method}({options}){_on(thing.data)}\n"
        case Alignment():
            return _alignment(thing)
        case Data():
            return _data(thing)
        case Train():
            return _train(thing)
        case Circuit():
            return f"circuit {thing.name} of {thing.network} = {show_term(thing.value)}{_on(thing.data)}\n"
        case Let():
            return f"let {thing.name} = {show_term(thing.value)}{_on(thing.data)}\n"
        case Claim():
            return _claim(thing)


def _imported(program: Program) -> tuple[Finite, ...]:
    """The named domains of other files that models and data use."""
    exprs = [draw.members for data in program.data for draw in data.draws]
    domains = [part.domain for model in program.models for part in (*model.inputs, *model.nodes)]
    domains += [domain for extern in program.externs for domain in extern.domains]
    domains += [part.value for expr in exprs for part in walk(expr) if isinstance(part, Const)]
    here = {domain.name for domain in program.domains}
    found = {
        domain.name: domain
        for domain in domains
        if isinstance(domain, Finite) and domain.name and domain.name.isidentifier() and domain.name != BOOL.name
    }
    return tuple(domain for name, domain in found.items() if name not in here)


def _block(head: str, lines: Iterable[str]) -> str:
    return f"{head} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _on(data: DataRef | None) -> str:
    return "" if data is None else f" on {data}"


def _domain(domain: Domain) -> str:
    return f"{domain} ({len(domain):,})" if isinstance(domain, Finite) else str(domain)


def _family(index: tuple[Index, ...]) -> str:
    return "[" + ", ".join(_index(one) for one in index) + "]" if index else ""


def _index(index: Index) -> str:
    match index.over:
        case Positions(of=of):
            return f"{index.variable}: positions of {of}"
        case Extent(low=low, high=high):
            return f"{index.variable}: {show_expr(low)}..{show_expr(high)}"
        case Finite() as members:
            return f"{index.variable}: {members}"


def _model(model: Model) -> str:
    lines = [*map(_input, model.inputs), *map(_node, model.nodes), f"output {model.output}"]
    return _block(f"model {model.name}", lines)


def _input(part: Input) -> str:
    return f"input {part.name}{_family(part.index)} : {_domain(part.domain)}"


def _node(node: Node) -> str:
    inferred = "" if node.declared else ", inferred"
    parents = ", ".join(node.parents) or "nothing"
    return (
        f"node {node.name}{_family(node.index)} : {_domain(node.domain)}{inferred}, reads {parents}\n"
        f"    = {show_expr(node.mechanism)}"
    )


def _network(network: Network) -> str:
    match network.origin:
        case Compiled(backend=backend, model=model):
            return f"network {network.name} = {backend}({model})\n"
        case Checkpoint(path=path):
            made = f"checkpoint({show(path)})"
        case _:
            made = "transformer" if isinstance(network.shape, TransformerShape) else "mlp"
    if network.shape is None:
        return f"network {network.name} = {made}\n"
    shape = network.shape
    settings = [f"{name} = {_setting(getattr(shape, name))}" for name in shape.__dataclass_fields__]
    return _block(f"network {network.name} = {made}", settings)


def _setting(value: object) -> str:
    match value:
        case bool():
            return show(value)
        case tuple():
            return "(" + ", ".join(map(_setting, value)) + ")"
        case float():
            return repr(value)
        case _:
            return str(value)


def _alignment(alignment: Alignment) -> str:
    head = f"align {alignment.name} : {alignment.model} -> {alignment.network}"
    return f"{head} = derived\n" if alignment.derived else _block(head, map(_pair, alignment.pairs))


def _pair(pair: Pair) -> str:
    hooks = ", ".join(site.hook if isinstance(site, Site) else f"features of {site.basis}" for site in pair.sites)
    features = [site for site in pair.sites if isinstance(site, FeaturesOf)]
    members = [one.name for site in features for one in site.arguments if isinstance(one, Var)]
    named = tuple(map(show, pair.index)) if pair.index is not None else tuple(dict.fromkeys(members))
    index = "[" + ", ".join(named) + "]" if named else ""
    sites = " | ".join(_features(site) if isinstance(site, FeaturesOf) else str(site) for site in pair.sites)
    return f"{pair.node}{index} -> {sites}  # {hooks}"


def _features(site: FeaturesOf) -> str:
    return f"{site.basis}.{site.method}({', '.join(map(show_expr, site.arguments))})"


def _data(data: Data) -> str:
    lines = [f"length({name}) = {length}" for name, length in data.lengths]
    lines += [f"{draw.target} ~ {draw.distribution}({show_expr(draw.members)})" for draw in data.draws]
    lines += [f"prompt {show_prompt(prompt)}" for prompt in data.prompts]
    lines += [f"size = {data.size}"] if data.size is not None else []
    lines += [f"seed = {data.seed}", f"tolerance = {data.tolerance!r}"]
    lines += [f"train = {data.train!r}"] if data.train is not None else []
    lines += [f"vary = {{{', '.join(data.vary)}}}"] if data.vary else []
    return _block(f"data {data.name} for {', '.join(data.models)}", lines)


def _train(train: Train) -> str:
    target = train.alignment or "{" + ", ".join(train.models) + "}"
    optimizer = train.optimizer
    betas = "default" if optimizer.betas is None else _setting(optimizer.betas)
    lines = []
    if train.method == "siit":
        weights = ("behavior", "iit", "strict", "strict_edges", "quiet", "readout", "contrast")
        lines += [f"{name} = {_weight(getattr(train, name))}" for name in weights]
    lines += [
        f"optimizer = {optimizer.name}(lr = {_weight(optimizer.lr)}, betas = {betas}, "
        f"weight_decay = {optimizer.weight_decay!r})",
        f"batch = {'default' if train.batch is None else train.batch}",
        f"until = {{{', '.join(train.until)}}}",
        f"at_most = {{{', '.join(map(str, train.at_most))}}}",
        f"restarts = {train.restarts}",
        f"seed = {train.seed}",
    ]
    return _block(f"train {train.network} by {train.method}({target}){_on(train.data)}", lines)


def _weight(weight: float | Ramp | None) -> str:
    return "default" if weight is None else str(weight) if isinstance(weight, Ramp) else repr(weight)


def _claim(claim: Claim) -> str:
    lines = [
        f"{show_term(statement.test)}" + (f"  # {statement.member}" if statement.member else "")
        for statement in claim.statements
    ]
    lines += [f"ablation = {claim.ablation}"] if claim.ablation else []
    lines += [
        f"confidence = {claim.confidence!r}",
        f"samples = {'planned' if claim.samples is None else claim.samples}",
        f"expect = {claim.expect}",
    ]
    lines += [show_option(name, value) for name, value in claim.options]
    return _block(f"claim {claim.name}{_on(claim.data)}", lines)

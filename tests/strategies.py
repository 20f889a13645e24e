"""Programs made at random: a hypothesis strategy for every form of the syntax tree."""

from typing import Any

from hypothesis import strategies as st

from circuitlang.diagnostics import Source, Span
from circuitlang.syntax import tree
from circuitlang.syntax.words import KEYWORDS
from circuitlang.syntax.writer import LEVELS

NOWHERE = Span(Source("", ""), 0, 0)
WORDS = sorted(kind.lower() for kind in KEYWORDS)


def make(form: type, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(form, span=st.just(NOWHERE), **parts)


def tuples(of: st.SearchStrategy[Any], least: int = 0, most: int = 3) -> st.SearchStrategy[Any]:
    return st.lists(of, min_size=least, max_size=most).map(tuple)


def maybe(of: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | of


spelling = st.from_regex(r"[a-zA-Zéλ_][a-z0-9_]{0,4}", fullmatch=True).filter(lambda word: word not in WORDS)
name = make(tree.Name, text=spelling | st.sampled_from(["steps", "s", "h", "e1"]))
KEYS = [word for word in WORDS if word not in ("true", "false", "none")]
key = make(tree.Name, text=spelling | st.sampled_from(KEYS))
part = make(tree.Name, text=spelling | st.sampled_from([*WORDS, "0", "12"]))
string = make(tree.String, value=st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
int_ = st.sampled_from(["0", "7", "20_000", "12"]).map(lambda t: tree.Int(value=int(t), text=t, span=NOWHERE))
float_ = st.sampled_from(["0.5", "1e-3", "1_0.25", "2E+4"]).map(
    lambda t: tree.Float(value=float(t), text=t, span=NOWHERE)
)
quantity = st.tuples(st.sampled_from(["1", "30", "6_000", "0.5"]), st.sampled_from("s min h steps epochs".split())).map(
    lambda q: tree.Quantity(value=float(q[0]) if "." in q[0] else int(q[0]), unit=q[1], text=q[0], span=NOWHERE)
)
literal = st.one_of(
    int_, float_, quantity, string, make(tree.Bool, value=st.booleans()), st.just(tree.Nothing(span=NOWHERE))
)


def _larger(expr: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    path = make(tree.Path, steps=tuples(expr, 2))
    member = expr | path
    arms = tuples(make(tree.Arm, pattern=expr, value=expr), 1)
    long = make(tree.Each, value=expr, name=name, domain=maybe(expr), condition=maybe(expr), otherwise=maybe(expr))
    short = st.builds(
        lambda n, d, c, e: tree.Each(value=n, name=n, domain=d, condition=c, otherwise=e, span=NOWHERE),
        name, maybe(expr), expr, maybe(expr),
    )  # fmt: skip
    arguments = tuples(member | make(tree.Named, key=key, value=expr)) | tuples(long | short, 1, 1)
    return st.one_of(
        make(tree.Tuple, members=tuples(member, 1)),
        make(tree.Set, members=tuples(member)),
        make(tree.If, condition=expr, then=expr, otherwise=expr),
        make(tree.Binary, operator=st.sampled_from(sorted(LEVELS)), left=expr, right=expr),
        make(tree.Unary, operator=st.sampled_from(["not", "-", "~"]), operand=expr),
        make(tree.Range, first=expr, last=expr),
        make(tree.Place, site=expr, position=expr),
        make(tree.Call, function=expr, arguments=arguments),
        make(tree.Item, value=expr, indices=tuples(expr, 1)),
        make(tree.Field, value=expr, name=part),
        make(tree.Match, subject=expr, arms=arms, otherwise=maybe(expr)),
    )


expr = st.recursive(name | literal, _larger, max_leaves=8)
index = make(tree.Index, name=name, domain=maybe(expr))
family = tuples(index)
param = make(tree.Param, name=name, family=family, domain=maybe(expr))
dotted = make(
    tree.Name, text=st.lists(spelling | st.sampled_from(WORDS), min_size=1, max_size=2).map(".".join).map("s.".__add__)
)
dataset = make(tree.Dataset, name=name, fields=tuples(part))
setting = make(tree.Setting, key=key, value=expr)
settings = tuples(setting)
node = make(tree.Node, name=name, family=family, domain=maybe(expr), equation=expr)
pair = make(tree.Pair, node=name | dotted, subscript=tuples(expr), site=expr)
draw = make(tree.Draw, name=name, argument=maybe(name), distribution=expr)
fixed = make(tree.Fixed, name=name, argument=name, value=expr)
quantifier = make(tree.Quantifier, name=name, domain=expr)

DECLARATIONS = (
    make(tree.ImportNames, path=string, names=tuples(name, 1)),
    make(tree.ImportAs, path=string, name=name),
    make(tree.Let, name=name, value=expr, data=maybe(dataset)),
    make(tree.Function, name=name, parameters=tuples(name, 1), body=expr),
    make(tree.Domain, name=name, value=expr),
    make(tree.Extern, name=name, params=tuples(param), result=expr, target=string),
    make(tree.Model, name=name, params=tuples(param), output=name, nodes=tuples(node)),
    make(tree.Network, name=name, constructor=expr, settings=settings),
    make(tree.Basis, name=name, network=name, site=expr, method=expr, data=maybe(dataset)),
    make(tree.Align, name=name, model=name, network=name, value=expr),
    make(tree.Align, name=name, model=name, network=name, pairs=tuples(pair)),
    make(tree.Data, name=name, targets=tuples(name, 1), entries=tuples(draw | fixed | setting)),
    make(tree.Train, network=name, method=expr, data=maybe(dataset), settings=settings),
    make(tree.Circuit, name=name, network=name, value=expr, data=maybe(dataset)),
    make(tree.Claim, name=name, statement=expr, quantifier=maybe(quantifier), data=maybe(dataset), settings=settings),
)
program = make(tree.Tree, edition=st.just(1), declarations=tuples(st.one_of(DECLARATIONS)))
# One of each, so that few examples reach every form.
whole = make(tree.Tree, edition=st.just(1), declarations=st.tuples(*DECLARATIONS))

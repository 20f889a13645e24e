"""The standard library: its programs against Tracr's own interpreter, and compiled; its words fit for prompts."""

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from programs import accepted, codes

from circuitlang.backends.tracr.compiling import compile_tracr
from circuitlang.core.domain import Finite
from circuitlang.core.interpret import answer, interpret
from circuitlang.core.model import Model
from circuitlang.core.program import Program
from circuitlang.diagnostics import Source
from circuitlang.elaboration import imports
from circuitlang.syntax.printer import format_source

LETTERS, NUMBERS = '{"a", "b", "c"}', "0..2"

# What is computed, over which tokens: the equations of a model with the output `out`.
PROGRAMS = {
    "hist": (LETTERS, "out[i] = rasp.hist(w, i)"),
    "occurrences": (LETTERS, 'out[i] = rasp.occurrences(w, "a")'),
    "shift_by": (LETTERS, "out[i] = rasp.shift_by(w, i, 2)"),
    "rotate": (LETTERS, "out[i] = rasp.rotate(w, i, 1)"),
    "reversed": (LETTERS, "out[i] = rasp.reversed(w, i)"),
    "frac_prevs": (LETTERS, 'flag[i] = w[i] == "a"  out[i] = rasp.frac_prevs(flag, i)'),
    "count_prevs": (LETTERS, 'flag[i] = w[i] == "a"  out[i] = rasp.count_prevs(flag, i)'),
    "sum_prevs": (NUMBERS, "out[i] = rasp.sum_prevs(w, i)"),
    "sum_from": (NUMBERS, "out[i] = rasp.sum_from(w, i)"),
    "is_first": (LETTERS, "out[i] = rasp.is_first(w, i)"),
    "is_unique": (LETTERS, "out[i] = rasp.is_unique(w, i)"),
    "first_only": (LETTERS, "out[i] = rasp.first_only(w, i)"),
    "greatest": (NUMBERS, "s = rasp.Greatest(w)  out[i] = s.out"),
    "least": (NUMBERS, "s = rasp.Least(w)  out[i] = s.out"),
    "count_less": (NUMBERS, "out[i] = rasp.count_less(w, i)"),
    "detect_pattern": (LETTERS, 'out[i] = rasp.detect_pattern(w, i, "ab")'),
    "sort": (NUMBERS, "s = rasp.Sort(w)  out[i] = s.out[i]"),
    "sort_by": (NUMBERS, "key[i] = -w[i]  s = rasp.SortBy(w, key)  out[i] = s.out[i]"),
    "sort_unique": (NUMBERS, "s = rasp.SortUnique(w, w)  out[i] = s.out[i]"),
    "sort_freq": (LETTERS, "s = rasp.SortFreq(w)  out[i] = s.out[i]"),
    "count_less_freq": (LETTERS, "s = rasp.CountLessFreq(w, 2)  out[i] = s.out"),
    "pair_balance": (LETTERS, 's = rasp.PairBalance(w, "ab")  out[i] = s.out[i]'),
    "dyck": (LETTERS, 's = rasp.Dyck(w, ("a", "b"))  out[i] = s.out'),
    "shuffle_dyck": ('{"a", "b", "c", "d"}', 's = rasp.ShuffleDyck(w, "ab", "cd")  out[i] = s.out'),
}


def program(name: str, longest: int = 3, shortest: int = 1) -> Program:
    tokens, equations = PROGRAMS[name]
    return accepted(
        f'circ 1\nimport "std/rasp.circ" as rasp\ndomain T = {tokens}\nmodel M(w[i]: T) -> out {{ {equations} }}\n'
        f"data D for M {{ w ~ uniform(T)  length(w) ~ uniform({shortest}..{longest}) }}\n"
    )


def run(model: Model, word: tuple) -> tuple:
    found = answer(model, interpret(model, {"w": word}))
    assert isinstance(found, tuple)
    return found


@cache
def tracr_programs() -> dict[str, Callable]:
    """The same in Tracr, by its library where that has it."""
    lib = pytest.importorskip("tracr.compiler.lib")
    rasp = pytest.importorskip("tracr.rasp.rasp")
    tokens, indices, length = rasp.tokens, rasp.indices, lib.make_length()
    before = rasp.SequenceMap(lambda i, n: (i - 1) % n, indices, length)
    by_index = rasp.Select(indices, before, rasp.Comparison.EQ)
    is_a = rasp.numerical(tokens == "a")
    key = rasp.SequenceMap(lambda x, i: (-x, i), tokens, indices)
    placed = rasp.SequenceMap(lambda x, i: (x, i), tokens, indices)
    seen = rasp.SelectorWidth(rasp.Select(placed, placed, lambda k, q: k[0] == q[0] and k[1] < q[1]))
    place = rasp.SelectorWidth(rasp.Select(key, key, rasp.Comparison.LT))
    return {
        "hist": lib.make_hist(),
        "occurrences": lib.make_count(tokens, "a"),
        "shift_by": lib.shift_by(2, tokens),
        "rotate": rasp.Aggregate(by_index, tokens),
        "reversed": lib.make_reverse(tokens),
        "frac_prevs": lib.make_frac_prevs(is_a),
        "count_prevs": lib.make_frac_prevs(is_a) * (indices + 1),
        "sum_prevs": rasp.Aggregate(rasp.Select(indices, indices, rasp.Comparison.LEQ), tokens) * (indices + 1),
        "sum_from": rasp.Aggregate(rasp.Select(indices, indices, rasp.Comparison.GEQ), tokens) * (length - indices),
        "is_first": seen == 0,
        "is_unique": lib.make_hist() == 1,
        "first_only": rasp.SequenceMap(lambda x, n: x if n == 0 else None, tokens, seen),
        "greatest": rasp.Aggregate(rasp.Select(place, rasp.Map(lambda _: 0, tokens), rasp.Comparison.EQ), tokens),
        "least": rasp.Aggregate(rasp.Select(place, length - 1, rasp.Comparison.EQ), tokens),
        "count_less": rasp.SelectorWidth(rasp.Select(tokens, tokens, rasp.Comparison.LT)),
        "detect_pattern": lib.detect_pattern(tokens, "ab"),
        "sort": lib.make_sort(tokens, tokens, max_seq_len=8, min_key=1),
        "sort_by": lib.make_sort(tokens, -1 * tokens, max_seq_len=8, min_key=1),
        "sort_unique": lib.make_sort_unique(tokens, tokens),
        "sort_freq": lib.make_sort_freq(8),
        "count_less_freq": lib.make_count_less_freq(2),
        "pair_balance": lib.make_pair_balance(tokens, "a", "b"),
        "dyck": lib.make_shuffle_dyck(["ab"]),
        "shuffle_dyck": lib.make_shuffle_dyck(["ab", "cd"]),
    }


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_library_computes_what_tracr_computes(name: str) -> None:
    theirs = tracr_programs()[name]
    model = program(name).model("M")
    tokens = model.inputs[0].domain
    assert isinstance(tokens, Finite)
    source, answers = random.Random(0), set()
    for length in [*range(1, 8)] * 12:
        word = tuple(source.choices(tokens.values, k=length))
        if name == "sort_unique" and len(set(word)) < length:
            continue
        ours = run(model, word)
        expected = theirs(list(word))
        assert len(ours) == len(expected)
        for own, other in zip(ours, expected, strict=True):
            assert own == other or abs(own - other) < 1e-9, word
        answers.add(ours)
    assert len(answers) > 1


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_library_compiles(name: str) -> None:
    one = program(name)
    compiled = compile_tracr(None, one.model("M"), one.data[0])
    assert compiled.exact
    assert compiled.error < 1e-5


def english(*names: str) -> Program:
    wanted = ", ".join(names)
    domains = "\n".join(f"domain D{number} = {name}" for number, name in enumerate(names))
    return accepted(f'circ 1\nimport "std/english.circ" ({wanted})\n{domains}\n')


def test_words_stand_in_one_list_and_are_one_word() -> None:
    lists = english("names", "places", "objects", "animals", "colors", "days", "months", "numbers", "countries").domains
    words = [word for one in lists for word in one.values]
    assert len(set(words)) == len(words) == 100 + 12 + 12 + 14 + 11 + 7 + 12 + 10 + 12
    assert all(isinstance(word, str) and word.isalpha() for word in words)
    names, women, men = english("names", "women", "men").domains
    assert set(women.values) | set(men.values) == set(names.values)
    assert not set(women.values) & set(men.values)


def test_what_follows_and_what_belongs_together() -> None:
    program = accepted(
        'circ 1\nimport "std/english.circ" (days, week, following, names, pronoun, countries, capital)\n'
        "model M(day: days, name: names, land: countries) -> out {\n"
        "  next : days = following(day, week)\n  who = pronoun(name)\n"
        "  city = capital(land)\n  out = (next, who, city)\n}\n"
    )
    given = {"day": "Sunday", "name": "Mary", "land": "Japan"}
    model = program.model("M")
    assert answer(model, interpret(model, given)) == ("Monday", "she", "Tokyo")
    assert answer(model, interpret(model, {**given, "name": "John", "day": "Friday"})) == ("Saturday", "he", "Tokyo")


@pytest.mark.parametrize("path", sorted(imports.STANDARD.glob("*.circ")), ids=lambda path: path.stem)
def test_the_library_itself_is_in_order(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert codes(text) == []
    assert format_source(Source(path.name, text)) == (text, ())
    for line in text.splitlines():
        assert len(line) <= 120

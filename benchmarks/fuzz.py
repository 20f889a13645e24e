"""Damaged programs by the thousand: `circuitc check` answers each with a program or with diagnostics, and in time.

Every input is made from a program of the checkout by one kind of damage (`DAMAGES`) or several, and is a function of
the seed and its number: `--only NUMBER` makes it again. An offender is an exception, a diagnostic that cannot be
printed, formatting that changes the tree, more than 5 processor seconds, or more than 4 GB.
Run: `python benchmarks/fuzz.py [--inputs 20000] [--seed 0] [--keep FOLDER]`; exit 1 on any offender.
"""

import argparse
import contextlib
import faulthandler
import io
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FrameType

from circuitlang.cli import run
from circuitlang.diagnostics import CODES, Source, render
from circuitlang.pipeline import check
from circuitlang.syntax import format_source, parse, print_tree

ROOT = Path(__file__).parent.parent
BAR = 5.0  # processor seconds
MEMORY = 4 * 2**30  # bytes, more than any check may take
FENCE = re.compile(r"^```circ ?\S*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TOKEN = re.compile(r'"[^"\n]*"|#[^\n]*|\w+|->|=>|\.\.|//|\*\*|[=!<>]=|\n|[^\w\s]')
HUGE = (
    "9" * 30,
    "1e308",
    "1e-308",
    "0",
    "-1",
    "4_000_000_000",
    "0.1",
    "1_000_000",
    "10 ** 10 ** 10",
    "3 steps",
    "9h",
    "64",
)
ODD = ("é", "λ", "\u202e", "\u0301", "\x00", "\ufeff", "\u2028", "\r", "\t", "\x0b", "🂡", "“", "−", "١", "ª", "\\", "$")
DEEP = (
    ("(", ")"),
    ("{", "}"),
    ("-", ""),
    ("not ", ""),
    ("1 + ", ""),
    ("f(", ")"),
    ("if a then ", " else 1"),
    ("a[", "]"),
)


class TooSlow(BaseException):
    """Raised in the middle of an input that takes too long; no handler of ours takes it for its own."""


@dataclass(frozen=True, slots=True)
class Case:
    """An input: its number, its kinds of damage, the program that it was made from, and its bytes."""

    number: int
    damages: tuple[str, ...]
    origin: Path
    data: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an input: processor seconds, the codes that it was given, and what went wrong, if anything."""

    seconds: float
    codes: tuple[str, ...]
    offence: str = ""


def corpus() -> list[tuple[Path, str]]:
    """The programs of the checkout with the file that each is read as: examples, the library, goldens, tests."""
    folders = ("examples", "circuitlang/std", "tests", "tests/golden/fmt")
    files = [path for name in folders for path in sorted((ROOT / name).glob("*.circ"))]
    files += sorted((ROOT / "examples").glob("*/*.circ"))
    found = [(path, path.read_text(encoding="utf-8")) for path in files]
    for page in (*sorted((ROOT / "tests/golden").glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))):
        found += [(page.with_suffix(".circ"), text) for text in FENCE.findall(page.read_text(encoding="utf-8"))]
    return [(path, text) for path, text in found if TOKEN.search(text)]


def truncated(random: Random, text: str, _: str) -> str:
    """A piece of the text: its beginning, its end, or its middle."""
    first, last = sorted(random.randrange(len(text) + 1) for _ in range(2))
    return random.choice([text[:last], text[first:], text[first:last], text[:first] + text[last:]])


def tokens_swapped(random: Random, text: str, _: str) -> str:
    """Two tokens, each in the other's place."""
    tokens = list(TOKEN.finditer(text))
    one, two = sorted((random.choice(tokens), random.choice(tokens)), key=lambda token: token.start())
    if one is two:
        return text
    return text[: one.start()] + two[0] + text[one.end() : two.start()] + one[0] + text[two.end() :]


def token_deleted(random: Random, text: str, _: str) -> str:
    """One token less."""
    return _replaced(text, random.choice(list(TOKEN.finditer(text))), "")


def token_duplicated(random: Random, text: str, _: str) -> str:
    """One token twice."""
    token = random.choice(list(TOKEN.finditer(text)))
    return _replaced(text, token, f"{token[0]} {token[0]}")


def token_replaced(random: Random, text: str, other: str) -> str:
    """A token of another program, or of this one, in the place of one."""
    source = random.choice([text, other])
    return _replaced(text, random.choice(list(TOKEN.finditer(text))), random.choice(TOKEN.findall(source)))


def word_replaced(random: Random, text: str, other: str) -> str:
    """A word or number of this program in the place of another, so that most inputs still parse."""
    words = [token for token in TOKEN.finditer(text) if token[0][0].isalnum()]
    source = random.choice([text, text, other])
    wanted = [word for word in TOKEN.findall(source) if word[0].isalnum() or word[0] == '"']
    return _replaced(text, random.choice(words), random.choice(wanted)) if words and wanted else text


def phrase_replaced(random: Random, text: str, other: str) -> str:
    """A bracketed phrase, or what stands behind `=` on a line, in the place of another such."""
    phrase = re.compile(r"(?<=[=~:] )[^\n{}]+|\([^()\n]*\)|\{[^{}\n]*\}|\[[^][\n]*\]")
    here, there = list(phrase.finditer(text)), phrase.findall(random.choice([text, other]))
    return _replaced(text, random.choice(here), random.choice(there)) if here and there else text


def lines_shuffled(random: Random, text: str, other: str) -> str:
    """Lines in another order, left out, said twice, or taken from another program."""
    lines = text.splitlines(keepends=True)
    here, there = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(5):
        case 0:
            random.shuffle(lines)
        case 1:
            lines.insert(there, lines.pop(here))
        case 2:
            del lines[here]
        case 3:
            lines.insert(there, lines[here])
        case _:
            lines.insert(there, random.choice(other.splitlines(keepends=True)))
    return "".join(lines)


def deeply_nested(random: Random, text: str, _: str) -> str:
    """One token inside many brackets, or behind many operators."""
    token, (opening, closing) = random.choice(list(TOKEN.finditer(text))), random.choice(DEEP)
    depth = random.choice([2, 20, 149, 151, 1000, 5000])
    return _replaced(text, token, opening * depth + token[0] + closing * depth)


def number_changed(random: Random, text: str, _: str) -> str:
    """Numbers that are huge, tiny, negative or of another kind."""
    numbers = list(re.finditer(r"\b\d[\d_.]*\b", text))
    return _replaced(text, random.choice(numbers), random.choice(HUGE)) if numbers else text


def made_longer(random: Random, text: str, _: str) -> str:
    """A line or a token many times."""
    piece = random.choice([*text.splitlines(keepends=True), *TOKEN.findall(text)])
    return text.replace(piece, piece * random.choice([3, 50, 400]), 1)


def unicode_inserted(random: Random, text: str, _: str) -> str:
    """Characters of other scripts, invisible ones, and those that look like ours."""
    for _ in range(random.choice([1, 1, 5])):
        place = random.randrange(len(text) + 1)
        text = text[:place] + random.choice(ODD) * random.choice([1, 1, 3]) + text[place + random.randrange(2) :]
    return text


def bytes_changed(random: Random, data: bytes) -> bytes:
    """Any bytes: noise alone, noise in a program, another encoding."""
    place, noise = random.randrange(len(data) + 1), random.randbytes(random.choice([1, 2, 30, 300]))
    match random.randrange(4):
        case 0:
            return noise
        case 1:
            return data.decode(errors="replace").encode(random.choice(["utf-16", "latin1"]), errors="replace")
        case _:
            return data[:place] + noise + data[place + random.randrange(2) * len(noise) :]


def _replaced(text: str, found: re.Match[str], new: str) -> str:
    return text[: found.start()] + new + text[found.end() :]


DAMAGES: tuple[Callable[[Random, str, str], str], ...] = (
    truncated,
    tokens_swapped,
    token_deleted,
    token_duplicated,
    token_replaced,
    word_replaced,
    phrase_replaced,
    lines_shuffled,
    deeply_nested,
    number_changed,
    made_longer,
    unicode_inserted,
)


def make(programs: list[tuple[Path, str]], seed: int, number: int) -> Case:
    """The input of a seed and a number: one damage mostly, sometimes several."""
    random = Random(f"{seed}/{number}")
    origin, text = random.choice(programs)
    damages = random.choices((*DAMAGES, bytes_changed), k=random.choice([1, 1, 1, 2, 4]))
    names = tuple(damage.__name__ for damage in damages)
    for damage in damages:
        if damage is not bytes_changed and TOKEN.search(text):
            text = damage(random, text, random.choice(programs)[1])
    data = text.encode()
    return Case(number, names, origin, bytes_changed(random, data) if bytes_changed in damages else data)


def answer(case: Case) -> Answer:
    """Check an input, as a text and at the command line, and print what is said."""
    started = time.process_time()
    codes: tuple[str, ...] = ()
    try:
        with _limited(2 * BAR):
            codes = _ask(case)
        offence = ""
    except TooSlow:
        offence = f"TooSlow\n{traceback.format_exc()}"
    except Exception as error:
        offence = f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
    spent = time.process_time() - started
    if not offence and spent > BAR:
        offence = f"TooSlow: {spent:.1f} processor seconds"
    return Answer(spent, codes, offence)


def _ask(case: Case) -> tuple[str, ...]:
    """The codes of an input; assertions say what must be true of every answer."""
    try:
        source = Source(str(case.origin), case.data.decode().removeprefix("\ufeff"))
    except UnicodeDecodeError:
        return (f"exit {_command(case, 'check')}",)
    checked = check(source)
    assert (checked.program is None) == any(one.is_error for one in checked.diagnostics), "a program, or errors"
    assert {one.code for one in checked.diagnostics} <= set(CODES), "an unknown code"
    for label in (label for one in checked.diagnostics for label in (one.primary, *one.secondary) if label):
        assert 0 <= label.span.start <= label.span.end <= len(label.span.source.text), "a place outside the text"
    assert bool(render(checked.diagnostics)) == bool(checked.diagnostics), "a message that says nothing"
    _format(source)
    if case.number % 10 == 0:
        assert (_command(case, "check") == 2) == (checked.program is None), "the command line says otherwise"
        _command(case, "fmt", "--check")
    return tuple(dict.fromkeys(one.code for one in checked.diagnostics)) or ("accepted",)


def _format(source: Source) -> None:
    """What parses means the same when it is formatted, or printed, and is formatted once."""
    tree, mistakes = parse(source)
    text, refused = format_source(source)
    assert mistakes == refused and (text is None) == bool(mistakes), "fmt and check disagree"
    if text is not None and tree is not None:
        assert parse(Source("", text)) == (tree, ()), "formatting changes the tree"
        assert format_source(Source("", text))[0] == text, "formatting twice is not formatting once"
        assert parse(Source("", print_tree(tree))) == (tree, ()), "printing changes the tree"


def _command(case: Case, *words: str) -> int:
    """The exit code of a command; what it prints is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.circ"
        path.write_bytes(case.data)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return run([*words, str(path)])


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Stop what takes longer; where Python cannot (in one long multiplication) end the process, and show its stack."""

    def stop(_: int, __: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    faulthandler.dump_traceback_later(60 * seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--inputs", type=int, default=20_000)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--first", type=int, default=0, help="the number of the first input")
    options.add_argument("--only", type=int, help="make this one input again, and print it")
    options.add_argument("--keep", type=Path, help="a folder for the inputs that offend")
    chosen = options.parse_args()
    os.environ["CIRCUITC_TRACEBACK"] = "1"
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    programs = corpus()
    if chosen.only is not None:
        case = make(programs, chosen.seed, chosen.only)
        sys.stdout.write(f"{case.data.decode(errors='backslashreplace')}\n{case.damages} {answer(case)}\n")
        return 0
    tried, told, offenders = Counter[str](), Counter[str](), Counter[str]()
    slowest = (0.0, -1)
    for number in range(chosen.first, chosen.first + chosen.inputs):
        case = make(programs, chosen.seed, number)
        found = answer(case)
        tried.update(set(case.damages))
        told.update(found.codes)
        slowest = max(slowest, (found.seconds, number))
        if found.offence:
            offenders[found.offence.splitlines()[0][:120]] += 1
            sys.stdout.write(f"input {number}, {', '.join(case.damages)}, from {case.origin.name}: {found.offence}\n")
            sys.stdout.flush()
            if chosen.keep:
                chosen.keep.mkdir(parents=True, exist_ok=True)
                (chosen.keep / f"{chosen.seed}-{number}.circ").write_bytes(case.data)
    for title, counts in (("damage", tried), ("told", told), ("offence", offenders)):
        sys.stdout.writelines(f"{title:8}  {count:6}  {name}\n" for name, count in sorted(counts.items()))
    sys.stdout.write(f"{chosen.inputs} inputs from {len(programs)} programs, seed {chosen.seed}: ")
    sys.stdout.write(f"{offenders.total()} offend; slowest {slowest[0]:.2f} s (input {slowest[1]})\n")
    return int(bool(offenders))


if __name__ == "__main__":
    sys.exit(main())

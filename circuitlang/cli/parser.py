"""From words to arguments.  In: what was typed; out: a namespace, or a refusal that says what its command takes."""

from argparse import Action, ArgumentParser, HelpFormatter, Namespace
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from circuitlang.diagnostics import Diagnostic, Refusal, nearest, one_of

WIDTH = 90  # of usage and help, whatever the terminal: it fits into the notes of a diagnostic


class Parser(ArgumentParser):
    """An ArgumentParser that never abbreviates, knows its options and commands by name, and refuses by a diagnostic."""

    def __init__(self, **settings: Any) -> None:
        self.options: list[str] = []
        self.commands: dict[str, Parser] = {}
        super().__init__(**settings, allow_abbrev=False, formatter_class=lambda prog: HelpFormatter(prog, width=WIDTH))

    def add_argument(self, *names: Any, **settings: Any) -> Action:
        """The same, and remembers the option."""
        action = super().add_argument(*names, **settings)
        self.options += action.option_strings
        return action

    def error(self, message: str) -> NoReturn:
        """E560, in the words of argparse."""
        raise self.refusal(message.replace("argument COMMAND: ", ""))

    def refusal(self, message: str, *helps: str) -> Refusal:
        """E560, with the usage of this very command."""
        helps = helps or (f"{self.prog} --help   says what it takes",)
        return Refusal(Diagnostic("E560", message, notes=(self.format_usage().strip(),), helps=helps))


def parse(top: Parser, words: Sequence[str]) -> Namespace:
    """The arguments of one command.

    Raises:
        Refusal: E560 for a command, an option or a value that there is not; `--help` raises SystemExit.
    """
    head, name = split(words)
    _known_options(top, head)
    if name is not None and name not in top.commands:
        close = nearest(name, top.commands)
        helps = (f"did you mean {one_of(f'circuitc {one}' for one in close)}?",) if close else ()
        raise top.refusal(f"there is no command `{name}`", *helps, "circuitc --help   lists the commands")
    if name is not None:
        _known_options(top.commands[name], words[len(head) + 1 :])
    given, rest = top.parse_known_args(words)
    if rest:
        one = top.commands[name] if name else top
        raise one.refusal(f"`{one.prog}` does not take `{rest[0]}`")
    return given


def split(words: Sequence[str]) -> tuple[Sequence[str], str | None]:
    """The options before the command, and the command: the first word that is no option."""
    head = next((position for position, word in enumerate(words) if not word.startswith("-")), None)
    return (words, None) if head is None else (words[:head], words[head])


def _known_options(one: Parser, words: Iterable[str]) -> None:
    for word in words:
        if word == "--":
            return
        name = word.partition("=")[0]
        if name.startswith("--") and name not in one.options:
            close = nearest(name, one.options)
            helps = (f"did you mean {one_of(close)}?",) if close else ()
            raise one.refusal(f"`{one.prog}` has no option `{name}`", *helps)

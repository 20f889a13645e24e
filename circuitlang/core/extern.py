"""Python functions that a model may call: what a program declares of one, and what it needs to run it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from circuitlang.core.domain import Domain
from circuitlang.core.values import Value
from circuitlang.diagnostics.source import Span


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an extern function, and the values that it takes."""

    name: str
    domain: Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class Extern:
    """`extern python name(parameters) -> result = "module:function"`: a Python function, pure by contract.

    `folder` is that of the `.circ` file that declares it; `sha256` is the hash of the Python file's bytes, None while
    there is no such file: other bytes are another function. `run` calls the function; it is None until a user has
    allowed that Python runs, and only `externs/` sets it.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: Domain
    target: str
    sha256: str | None = None
    folder: Path = field(default=Path(), compare=False)
    span: Span | None = field(default=None, compare=False, repr=False)
    run: Callable[..., Value] | None = field(default=None, compare=False, repr=False)

    @property
    def domains(self) -> tuple[Domain, ...]:
        """The domains of its parameters, and of its result."""
        return (*(parameter.domain for parameter in self.parameters), self.result)

    @property
    def file(self) -> str:
        """The Python file as seen from the folder: `pkg/words.py` for the module `pkg.words`."""
        return self.target.partition(":")[0].replace(".", "/") + ".py"

    @property
    def function(self) -> str:
        """What the function is called in that file."""
        return self.target.partition(":")[2]

    @property
    def path(self) -> Path:
        """Where the Python file is."""
        return self.folder / self.file

"""What the elaboration of declarations shares.  In: the tree and what is elaborated so far; out: names resolved, or told.

`None` for a thing always means that its mistake has been told already: whatever depends on it stays silent.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal, TypeAlias

from circuitlang.core.domain import Domain
from circuitlang.core.values import Value
from circuitlang.diagnostics import Diagnostic, Label, Span, nearest, one_of
from circuitlang.elaboration.scope import Scope
from circuitlang.syntax import tree

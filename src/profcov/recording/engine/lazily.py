"""Code that the interpreter runs on first use: annotations (3.14), type aliases, and bounds of type parameters.

Only the first user runs it: like import-time code it belongs to no profile, with all that it calls.
"""

from __future__ import annotations

import re
import sys
import weakref
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Final

from profcov.recording.engine.monitoring_state import calls
from profcov.recording.engine.stacks import is_within
from profcov.recording.engine.versions import CO_OPTIMIZED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType

    from profcov.recording.scope import Scope

_CO_ASKED_AGAIN: Final = 0x20 | 0x80 | 0x200
"""Generators, coroutines, and asynchronous generators."""
_ANNOTATE: Final = "__annotate__"
_FORMAT: Final = ".format"
"""The parameter of the code that evaluates an alias or a bound, from Python 3.14 on: no ordinary function can have it."""
_HAS_MARK: Final = sys.version_info >= (3, 14)


def is_lazy(code: CodeType) -> bool:
    """Return whether a code object evaluates an annotation, an alias or a bound."""
    if _HAS_MARK:
        return code.co_name == _ANNOTATE or code.co_varnames[:1] == (_FORMAT,)
    if code.co_argcount or code.co_nlocals or not code.co_name.isidentifier():
        return False
    if not code.co_flags & CO_OPTIMIZED or code.co_flags & _CO_ASKED_AGAIN:
        return False
    *_, (_, _, last) = code.co_lines()
    return last == code.co_firstlineno and _is_evaluated(
        code.co_name, _read_line(code.co_filename, code.co_firstlineno)
    )


def _is_evaluated(name: str, line: str) -> bool:
    """Return whether a source line defines an alias, or has a type parameter, of this name, rather than a function."""
    if re.search(rf"\bdef\s+{name}\b", line):
        return False
    return re.search(rf"\btype\s+{name}\s*[\[=]|(^|[\[,])\s*\**{name}\s*[:=](?!=)", line) is not None


def _read_line(filename: str, number: int) -> str:
    try:
        with open(filename, "rb") as file:  # noqa: PTH123
            lines = file.read().decode("utf-8", "replace").splitlines()
        return lines[number - 1]
    except (OSError, IndexError):
        return ""


class LazyCode:
    """Which code objects are evaluated lazily, and which threads may be evaluating one.

    Code that raises an exception returns without an event, so the stack of a noted thread is checked before it counts.
    """

    __slots__ = ("codes", "evaluating")

    def __init__(self) -> None:
        self.codes: dict[int, weakref.ref[CodeType]] = {}
        self.evaluating: set[int] = set()

    def note(self, code: CodeType) -> Iterable[object]:
        """Return the step, for :func:`at_once`, that notes a code object until it dies."""
        return calls((self.codes.setdefault, id(code), weakref.ref(code, partial(self.codes.pop, id(code)))))

    def enter(self, code: CodeType, scope: Scope | None) -> bool:
        """Note that a code object starts, for a unit of work or not; return whether it is evaluated lazily."""
        if id(code) not in self.codes:
            return False
        if scope is not None:
            self.evaluating.add(get_ident())
        return True

    def on_return(self, code: CodeType, offset: int, value: object) -> None:  # noqa: ARG002 (a callback)
        """Note that one returns."""
        if not is_within(sys._getframe(1).f_back, self.codes):  # noqa: SLF001
            self.evaluating.discard(get_ident())

    def is_evaluating(self) -> bool:
        """Return whether this thread runs one, or code that one calls."""
        if get_ident() not in self.evaluating:
            return False
        if is_within(sys._getframe(1), self.codes):  # noqa: SLF001
            return True
        self.evaluating.discard(get_ident())
        return False

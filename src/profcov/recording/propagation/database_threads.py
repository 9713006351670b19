"""aiosqlite's threads serve many units, one per connection: what SQLite calls there belongs to the query's unit."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from profcov.recording.context import find_scope
from profcov.recording.propagation.patches import INSTALLED
from profcov.recording.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable


def install() -> None:
    """Let work that a unit gives to a connection follow; the thread belongs to no unit, and the unit waits for it."""
    INSTALLED.wrap_once(sys.modules["aiosqlite.core"].Connection, "_execute", _execute)


def _execute(original: Callable[..., Any], connection: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    scope = find_scope()
    if scope is None:
        return original(connection, function, *args, **kwargs)

    def step(*args: Any, **kwargs: Any) -> Any:
        with Step(scope.book.engine, scope):
            return function(*args, **kwargs)

    return original(connection, step, *args, **kwargs)

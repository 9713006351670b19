from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

from scopes import make_scope

from profcov.recording.context import current
from profcov.recording.step import Step

if TYPE_CHECKING:
    from profcov.recording.scope import Scope


class Deep:
    """An engine that needs some room."""

    def enter(self, _scope: Scope | None) -> None:
        self._do(6)

    def leave(self, _handle: None) -> None:
        self._do(6)

    def _do(self, depth: int) -> None:
        if depth:
            self._do(depth - 1)


def dig(depth: int, engine: Any) -> bool:
    if depth:
        return dig(depth - 1, engine)
    with Step(engine, None):
        return True


def test_a_step_at_the_limit_of_recursion_leaves_the_scope_as_it_was(caplog: Any) -> None:
    scope = make_scope(None)
    limit, used = sys.getrecursionlimit(), len(inspect.stack(0))
    token = current.set(scope)
    sys.setrecursionlimit(used + 60)
    outcomes = []
    try:
        for depth in range(30, 60):
            try:
                outcomes.append(dig(depth, Deep()))
            except RecursionError:
                outcomes.append(False)
            assert current.get() is scope
    finally:
        sys.setrecursionlimit(limit)
        current.reset(token)
    assert sorted(outcomes, reverse=True) == outcomes
    assert set(outcomes) == {True, False}
    assert not caplog.records

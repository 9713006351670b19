"""The monitoring engine for builds that can run without the GIL: once an event is on, it stays on.

Without the GIL, a decision to switch an event off can be overtaken before it takes effect, and several steps in one call into C
are no critical section. So no trace is armed, no event is switched off, and what threads share is changed by single operations of dicts
and sets, each atomic by itself. The lines of a trace belong to the trace: another thread can never remove them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, cast

from profcov.recording.context import current, find_scope
from profcov.recording.engine.monitoring import MonitoringEngine
from profcov.recording.engine.monitoring_state import CodeState, MonitoringTrace
from profcov.recording.faults import is_foreign, log_once
from profcov.recording.garbage import somewhere

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from profcov.recording.engine.monitoring_state import MonitoringScope
    from profcov.recording.scope import Scope

_get_scope: Final = cast("Callable[[], FreeThreadedScope | None]", find_scope)
_get: Final = cast("Callable[[], FreeThreadedScope | None]", current.get)


class FreeThreadedTrace(MonitoringTrace):
    """A trace with its lines in each code object that was entered under it."""

    __slots__ = ("seen",)

    def __init__(self, label: str | None) -> None:
        super().__init__(label)
        self.seen: dict[CodeState, set[int]] = {}


if TYPE_CHECKING:

    class FreeThreadedScope(Scope):
        """A scope with such a trace."""

        trace: FreeThreadedTrace


class FreeThreadedEngine(MonitoringEngine):
    """Record each line that is new to the current trace, and switch nothing off; exact without the GIL."""

    def new_trace(self, label: str | None) -> MonitoringTrace:
        """Return an empty trace."""
        return FreeThreadedTrace(label)

    def begin(self, scope: MonitoringScope) -> None:
        """Note the scope with its trace: all events are on already."""
        scope.trace.scopes.add(scope)
        self._live.add(scope.trace)

    def release(self, trace: MonitoringTrace) -> None:
        """Forget a trace. If a unit begins under it meanwhile, nothing is lost: only :meth:`review` uses the list."""
        self._live.discard(trace)

    def review(self) -> None:
        """Forget lines of code objects that are dead: nothing more comes from these."""
        for trace in list(self._live):
            seen = cast("FreeThreadedTrace", trace).seen
            for state in list(seen):
                if state.ref() is None:
                    seen.pop(state, None)

    def after_fork(self) -> None:
        """Forget the parent's traces."""
        self.arms = self.lines = 0
        self._live.clear()
        self._lazy.evaluating.clear()

    def _on_discovery(self, code: CodeType, offset: int) -> object:
        try:
            filename = self.sources.measured(code.co_filename, sys._getframe(1))  # noqa: SLF001
            if filename is not None:
                # Also if another thread has noted it: its events may not be on yet. This call waits until they are.
                self._adopt(code, filename)
                self._on_entry(code, offset)
        except BaseException as error:
            if is_foreign(error):
                raise
            log_once("engine-discovery", "cannot tell whether %s is measured", code.co_filename, error=error)
        return self._disable  # final, unlike the others: whether a code object is measured never changes

    def _on_throw(self, code: CodeType, offset: int, exception: BaseException) -> None:  # noqa: ARG002
        self._on_entry(code, offset)

    def _on_entry(self, code: CodeType, offset: int) -> object:  # noqa: ARG002
        try:
            self._enter(code)
        except BaseException as error:
            if is_foreign(error):
                # It strikes the frame that is entered: a generator may catch it and continue.
                self._enter(code)
                raise
            log_once("engine-entry", "cannot arm %s", code.co_qualname, error=error)
        return None

    def _enter(self, code: CodeType) -> None:
        scope = _get()
        if scope is None or not scope.holders or somewhere:
            scope = _get_scope()
        state = self._states.get(id(code))
        if state is None:
            self._lazy.enter(code, scope)
        elif scope is not None and state not in scope.trace.seen:
            scope.trace.seen.setdefault(state, set())
            self.arms += 1

    def _on_line(self, code: CodeType, line: int) -> object:
        try:
            self._record(code, line)
        except BaseException as error:
            if is_foreign(error):
                self._record(code, line)
                raise
            log_once("engine-line", "cannot record line %d of %s", line, code.co_filename, error=error)
        return None

    def _record(self, code: CodeType, line: int) -> None:
        scope = _get()
        if scope is None or not scope.holders or somewhere:
            scope = _get_scope()
        state = self._states.get(id(code))
        if scope is None or state is None:
            return
        trace = scope.trace
        seen = trace.seen.get(state)
        # No set: the frame was entered before its unit began, which coverage.py does not measure either.
        if seen is None or line in seen or (self._lazy.evaluating and self._lazy.is_evaluating()):
            return
        trace.fresh[state.filename, line] = None  # first: a line that is seen is recorded
        seen.add(line)
        self.lines += 1

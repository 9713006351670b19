"""The monitoring engine for builds that can run without the GIL: once an event is on, it stays on.

Without the GIL, a decision to switch an event off can be overtaken before it takes effect, and several steps in one call into C
are no critical section. So no event is switched off, and what threads share is changed by single operations of dicts and sets, each
atomic by itself. The lines of a trace belong to the trace: another thread can never remove them. An event for which there is nothing to
do is recognised by a *mark*, the value that a state had before it was examined: whoever changes what was examined replaces the
state's value afterwards, and before it runs, so that an older mark no longer fits.
"""

from __future__ import annotations

import sys
import weakref
from typing import TYPE_CHECKING, Any, Final, cast

from profcov.recording.context import current, find_scope
from profcov.recording.engine.monitoring import MonitoringEngine
from profcov.recording.engine.monitoring_state import CodeState, MonitoringTrace
from profcov.recording.faults import is_foreign, log_once
from profcov.recording.garbage import somewhere

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from profcov.recording.engine.monitoring_state import MonitoringScope
    from profcov.recording.engine.sources import Sources
    from profcov.recording.scope import Scope

_get_scope: Final = cast("Callable[[], FreeThreadedScope | None]", find_scope)
_get: Final = cast("Callable[[], FreeThreadedScope | None]", current.get)


class FreeThreadedTrace(MonitoringTrace):
    """A trace with its lines in each code object that was entered under it."""

    __slots__ = ("is_announced", "seen")

    def __init__(self, label: str | None) -> None:
        super().__init__(label)
        self.seen: dict[FreeThreadedState, set[int]] = {}
        self.is_announced = False


class FreeThreadedState(CodeState):
    """The state of a code object: the lines of each trace that lives, and what needs no work.

    ``entered`` is replaced after another trace has come into ``lines``. ``quiet``: lines that all of these traces have.
    ``has_all``: all traces of the process are among them. Both are marks.
    """

    __slots__ = ("entered", "has_all", "lines", "quiet")

    def __init__(self, code: CodeType, filename: str, budget: int, states: dict[int, Any]) -> None:
        super().__init__(code, filename, budget, states)
        self.lines: dict[weakref.ref[MonitoringTrace], set[int]] = {}
        self.entered = object()
        self.quiet: dict[int, object] = {}
        self.has_all: object = None


if TYPE_CHECKING:

    class FreeThreadedScope(Scope):
        """A scope with such a trace."""

        trace: FreeThreadedTrace


class FreeThreadedEngine(MonitoringEngine):
    """Record each line that is new to the current trace, and switch nothing off; exact without the GIL."""

    new_state = FreeThreadedState

    def __init__(self, sources: Sources) -> None:
        self._traces: dict[weakref.ref[MonitoringTrace], None] = {}
        self._begun = object()  # replaced after another trace has come into `_traces`
        super().__init__(sources)

    def new_trace(self, label: str | None) -> MonitoringTrace:
        """Return an empty trace."""
        return FreeThreadedTrace(label)

    def begin(self, scope: MonitoringScope) -> None:
        """Note the scope with its trace, and the trace."""
        trace = cast("FreeThreadedTrace", scope.trace)
        trace.scopes.add(scope)
        if not trace.is_announced:
            self._traces.setdefault(weakref.ref[MonitoringTrace](trace, self._traces.pop))
            self._begun = object()
            trace.is_announced = True  # last: a thread that comes meanwhile repeats it all

    def release(self, trace: MonitoringTrace) -> None:
        """Do nothing: a unit may begin under the trace meanwhile; its data goes with it."""

    def review(self) -> None:
        """Forget lines of code objects that are dead: nothing more comes from these."""
        for ref in list(self._traces):
            trace = cast("FreeThreadedTrace | None", ref())
            for state in [] if trace is None else list(trace.seen):
                if trace is not None and state.ref() is None:
                    trace.seen.pop(state, None)

    def after_fork(self) -> None:
        """Forget the parent's counts."""
        self.arms = self.lines = 0
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
        state = cast("FreeThreadedState | None", self._states.get(id(code)))
        begun = self._begun
        if state is not None and state.has_all is begun:
            return
        scope = _get()
        if scope is None or not scope.holders or somewhere:
            scope = _get_scope()
        if state is None:
            self._lazy.enter(code, scope)
            return
        if scope is not None and state not in scope.trace.seen:
            ref = weakref.ref[MonitoringTrace](scope.trace, state.lines.pop)
            lines = state.lines.setdefault(ref, set())
            state.entered = object()
            scope.trace.seen[state] = lines  # last: a thread that comes meanwhile repeats it all
            self.arms += 1
        if all(map(state.lines.__contains__, list(self._traces))):
            state.has_all = begun

    def _on_line(self, code: CodeType, line: int) -> object:
        try:
            state = cast("FreeThreadedState | None", self._states.get(id(code)))
            if state is None:
                return None
            entered = state.entered
            if state.quiet.get(line) is not entered:
                self._record(code, line)
                if all(line in lines for lines in list(state.lines.values())):
                    state.quiet[line] = entered
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
        state = cast("FreeThreadedState | None", self._states.get(id(code)))
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

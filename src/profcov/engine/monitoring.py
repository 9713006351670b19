"""The monitoring engine (Python 3.12+): attribution inside ``sys.monitoring`` callbacks, by entry arming.

A line's event is disabled once every trace *armed* in its code object has the line; a trace is armed in a code
object when it first enters it; a code object that fires too often for nothing is disarmed. So one live profile
runs at full speed after its first pass, and several at once stay exact. Each step below that looks like too much
is there because leaving it out loses lines: see docs/explanation/engine.md.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from itertools import accumulate, chain, repeat, starmap, takewhile
from operator import attrgetter, countOf, truth
from typing import TYPE_CHECKING, Any, Final

from profcov.context import Scope, current
from profcov.engine.base import Capabilities, Counts, Lock, Trace
from profcov.engine.faults import is_foreign, log_once
from profcov.engine.monitoring_state import NOBODY, CodeState, MonitoringTrace
from profcov.errors import EngineUnavailableError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence
    from types import CodeType, FrameType

    from profcov.engine.sources import Sources

FIRST_BUDGET: Final = 256
"""Wasted events before a code object is disarmed: about 40 us, what walking every thread's stack costs."""
LAST_BUDGET: Final = 1 << 16
PATIENCE: Final = 16
"""Wasted events, for each known code object, before a parked trace stops being live: about what re-arming costs."""

_get_scope: Final = current.get
_get_code: Final = attrgetter("f_code")
# 3 and 4 have no owner by convention; then optimizer, profiler, debugger and coverage, where nobody uses them.
_TOOL_IDS: Final = (4, 3, 5, 2, 0, 1)


class MonitoringEngine:
    """Two tools: *discovery* meets each code object once, *recording* has local events in measured ones.

    They must be two: an event that is both global and local keeps its DISABLE when the local set is switched.

    Raises:
        EngineUnavailableError: the interpreter has no ``sys.monitoring``, fewer than two tool ids are free, or branches
            are to be measured.
    """

    name = "monitoring"

    def __init__(self, sources: Sources) -> None:
        self._monitoring: Any = getattr(sys, "monitoring", None)
        if self._monitoring is None:
            raise EngineUnavailableError(self.name, "sys.monitoring came with Python 3.12")
        self._disable: Any = self._monitoring.DISABLE
        # Without the GIL a decision to disable can be overtaken between the decision and the deed.
        self._may_disable = getattr(sys, "_is_gil_enabled", lambda: True)()
        self.capabilities = Capabilities(greenlets=True, branches=False, coroutine_blocks=True)
        self.sources = sources
        self._lock = threading.RLock()
        self._states: dict[int, CodeState] = {}
        self._live = NOBODY
        self._epoch = 0
        self._noisy: set[int] = set()  # as a trace's, for untraced work
        self.arms = self.disarms = self.blocked = self.lines = 0
        if sources.branch:
            raise EngineUnavailableError(self.name, "it measures no branches: set branch = false, or use ctrace")
        self._take_tool_ids()
        self._register()

    def _take_tool_ids(self) -> None:
        free = [i for i in _TOOL_IDS if self._monitoring.get_tool(i) is None]
        if len(free) < 2:  # noqa: PLR2004
            raise EngineUnavailableError(self.name, "fewer than two sys.monitoring tool ids are free")
        self._recording, self._discovery = free[:2]
        self._monitoring.use_tool_id(self._recording, "profcov")
        self._monitoring.use_tool_id(self._discovery, "profcov-discovery")

    def _register(self) -> None:
        monitoring, events = self._monitoring, self._monitoring.events
        self._local = events.PY_START | events.PY_RESUME | events.LINE
        for event, callback in (
            (events.PY_START, self._on_entry),
            (events.PY_RESUME, self._on_entry),
            (events.PY_THROW, self._on_throw),
            (events.LINE, self._on_line),
        ):
            monitoring.register_callback(self._recording, event, callback)
        monitoring.register_callback(self._discovery, events.PY_START, self._on_discovery)
        monitoring.set_events(self._recording, events.PY_THROW)
        monitoring.set_events(self._discovery, events.PY_START)

    # The contract of base.Engine.

    def new_trace(self, slug: str, label: str | None) -> MonitoringTrace:
        """Return an empty trace."""
        return MonitoringTrace(slug, label)

    def release(self, trace: Trace) -> None:
        """Forget a trace without scopes: it is live no longer, and armed nowhere."""
        assert isinstance(trace, MonitoringTrace)  # noqa: S101
        with self._lock:
            if trace.scopes:
                return
            self._live -= {trace}
            self.review()
            for key in trace.seen:
                self._states[key].armed -= {trace}

    def begin(self, scope: Scope) -> None:
        """Make the scope's trace live: entries that were quiet must be seen again."""
        trace: MonitoringTrace = scope.trace
        with self._lock:
            trace.scopes.add(scope)
            if trace in self._live:
                return
            trace.waste = 0
            self._live |= {trace}
            self._epoch += 1
            for state in list(self._states.values()):
                if state.quiet:
                    self._wake(state)

    def enter(self, scope: Scope | None) -> None:
        """Do nothing: callbacks read the context variable."""

    def leave(self, handle: None) -> None:
        """Do nothing: callbacks read the context variable."""

    def drive(self, coroutine: Coroutine[Any, Any, Any], scope: Scope) -> Coroutine[Any, Any, Any]:  # noqa: ARG002
        """Return the coroutine as it is: its task's context carries the scope."""
        return coroutine

    @property
    def counts(self) -> Counts:
        """What was done so far."""
        return Counts(self.arms, self.disarms, self.blocked, self.lines)

    def refusal(self) -> str | None:
        """Return None: this engine measures beside debuggers, profilers and coverage.py."""
        return None

    @property
    def locks(self) -> Sequence[Lock]:
        """The locks that callbacks take."""
        return (self.sources.lock, self._lock)

    def after_fork(self) -> None:
        """Forget the parent's traces."""
        self.arms = self.disarms = self.blocked = self.lines = 0
        self._live = NOBODY
        self._noisy.clear()
        self._epoch += 1
        for state in self._states.values():
            state.armed = NOBODY
            state.epoch += 1

    def warm_up(self) -> None:
        """Nothing more is known before code objects run."""

    def close(self) -> None:
        """Switch all events off and free the tool ids."""
        with self._lock:
            for tool in (self._discovery, self._recording):
                self._monitoring.set_events(tool, 0)
            for state in self._states.values():
                self._monitoring.set_local_events(self._recording, state.code, 0)
            for event in (1 << bit for bit in range(self._monitoring.events.PY_THROW.bit_length())):
                self._monitoring.register_callback(self._recording, event, None)
            self._monitoring.register_callback(self._discovery, self._monitoring.events.PY_START, None)
            for tool in (self._discovery, self._recording):
                self._monitoring.free_tool_id(tool)
            self._states.clear()
            self._live = NOBODY

    # Callbacks. None of them may raise what is ours: it would reach the application.

    def _on_discovery(self, code: CodeType, offset: int) -> Any:
        try:
            if id(code) not in self._states:
                filename = self.sources.measured(code.co_filename, sys._getframe(1))  # noqa: SLF001
                if filename is None:
                    return self._disable
                self._adopt(code, filename)
            # Whoever comes second here has missed the local start event just as the first has.
            self._on_entry(code, offset)
        except BaseException as error:
            if is_foreign(error):
                raise
            log_once("engine-discovery", "cannot tell whether %s is measured", code.co_filename, error=error)
        return self._disable

    def _adopt(self, code: CodeType, filename: str) -> None:
        with self._lock:
            if id(code) not in self._states:
                self._states[id(code)] = CodeState(code, filename, FIRST_BUDGET)
                self._monitoring.set_local_events(self._recording, code, self._local)

    def _on_throw(self, code: CodeType, offset: int, exception: BaseException) -> None:  # noqa: ARG002
        if id(code) in self._states:
            self._on_entry(code, offset)

    def _on_entry(self, code: CodeType, offset: int) -> Any:  # noqa: ARG002
        try:
            scope = _get_scope()
            if id(code) in (self._noisy if scope is None else scope.trace.noisy):
                return None
            epoch = self._epoch
            state = self._states.get(id(code))
            if state is None:
                return self._disable
            if scope is not None and scope.trace not in state.armed:
                self._arm(state, scope.trace)
            state_epoch = state.epoch
            if not self._live <= state.armed:
                self._settle_entry(state, scope)
                return None
            state.quiet = True
            # The GIL cannot move between these comparisons and the return: no call, no backward jump.
            return self._disable if self._epoch == epoch and state.epoch == state_epoch and self._may_disable else None  # noqa: TRY300
        except BaseException as error:
            if is_foreign(error):
                # It strikes the frame that is entered: a generator may catch it and go on.
                self._arm_entered(code)
                raise
            log_once("engine-entry", "cannot arm %s", code.co_qualname, error=error)
            return None

    def _settle_entry(self, state: CodeState, scope: Scope | None) -> None:
        """Note that entries must stay on in a code object, so that the next one finds out sooner.

        A parked trace that they stay on for is charged for each instead, until it is live no longer.
        """
        with self._lock:
            missing = self._live - state.armed
            parked = [trace for trace in missing if not trace.scopes]
            if parked:
                state.waste += 1
                if state.waste > state.budget:
                    self._retire_parked(state, missing)
            elif missing and scope is None:
                self._noisy.add(id(state.code))
            elif missing and scope is not None and scope.trace in state.armed:
                scope.trace.noisy.add(id(state.code))

    def _on_line(self, code: CodeType, line: int) -> Any:
        try:
            key = id(code)
            state = self._states[key]
            epoch = state.epoch
            scope = _get_scope()
            if scope is not None:
                trace = scope.trace
                seen = trace.seen.get(key)
                # No set: the frame was entered before its unit began, which coverage.py does not measure either.
                if seen is not None and line not in seen:
                    trace.fresh[state.filename, line] = None
                    seen.add(line)
                    self.lines += 1
            for other in state.armed:
                if line not in other.seen[key]:
                    state.waste += 1
                    if state.waste > state.budget:
                        self._disarm(state, scope)
                    return None
            return self._disable if state.epoch == epoch and not state.frozen and self._may_disable else None  # noqa: TRY300
        except BaseException as error:
            if is_foreign(error):
                self._record(code, line)
                raise
            log_once("engine-line", "cannot record line %d of %s", line, code.co_filename, error=error)
            return None

    def _arm_entered(self, code: CodeType) -> None:
        state, scope = self._states.get(id(code)), _get_scope()
        if state is not None and scope is not None and scope.trace not in state.armed:
            self._arm(state, scope.trace)

    def _record(self, code: CodeType, line: int) -> None:
        state, scope = self._states.get(id(code)), _get_scope()
        if state is not None and scope is not None and line not in scope.trace.seen.get(id(code), {line}):
            scope.trace.fresh[state.filename, line] = None
            scope.trace.seen[id(code)].add(line)
            self.lines += 1

    # Arming and disarming, always under the lock.

    def _arm(self, state: CodeState, trace: MonitoringTrace) -> None:
        with self._lock:
            self.arms += 1
            # The set first: a line callback of another thread looks it up as soon as the trace is armed.
            trace.seen.setdefault(id(state.code), set())
            self._forget_noise(id(state.code))
            state.armed = (state.armed & self._live) | {trace}
            state.waste = 0
            self._wake(state)

    def _wake(self, state: CodeState) -> None:
        """Re-arm the events of a code object: off and on in one C-level loop.

        Between two Python statements another thread could run without events, and its lines would vanish.
        """
        state.quiet = False
        state.epoch += 1
        switch = self._monitoring.set_local_events
        steps = ((self._recording, state.code, 0), (self._recording, state.code, self._local))
        deque(starmap(switch, steps), maxlen=0)

    def _disarm(self, state: CodeState, scope: Scope | None) -> None:
        """Let go of the traces that entered a code object and are in it no longer."""
        with self._lock:
            self._retire_parked(state, state.armed)
            before = state.armed & self._live
            state.frozen = True
            state.epoch += 1
            # Publish first, look second: a thread that enters in between arms itself again.
            self._forget_noise(id(state.code))
            state.armed = before & frozenset(scope.nest()) if scope is not None else NOBODY
            if self._is_running(state.code):
                self.blocked += 1
                state.armed = before
                state.epoch += 1
                state.budget = min(state.budget * 2, LAST_BUDGET)
            else:
                self.disarms += 1
                self._wake(state)
            state.waste = 0
            state.frozen = False

    def _is_running(self, code: CodeType) -> bool:
        """Tell whether a code object is in use elsewhere: on another thread's stack, or further down on ours."""
        if "greenlet" in sys.modules:  # a suspended greenlet is on no stack and comes back without an event
            return True
        return countOf(map(id, map(_get_code, _all_frames())), id(code)) > 1

    def _retire_parked(self, state: CodeState, suspects: frozenset[MonitoringTrace]) -> None:
        """Charge wasted events to traces without work; whoever costs more than re-arming would, is live no longer."""
        with self._lock:
            for trace in suspects & self._live:
                if not trace.scopes:
                    trace.waste += state.waste
                    if trace.waste > PATIENCE * len(self._states):
                        self._live -= {trace}
                        trace.noisy.clear()
                        self.review()
            state.waste = 0

    def _forget_noise(self, key: int) -> None:
        self._noisy.discard(key)
        for trace in self._live:
            trace.noisy.discard(key)

    def review(self) -> None:
        """Look afresh for whose sake entries stay on: who was at work may have ended."""
        with self._lock:
            self._noisy.clear()
            for trace in self._live:
                trace.noisy.clear()


def _all_frames() -> Iterator[FrameType]:
    """Return the frames of every thread, ours too, for use in one C-level loop.

    While Python code walks a stack, its thread may go on: a generator that was running is suspended then, has no
    ``f_back``, and hides whoever called it.
    """
    tops = chain.from_iterable(map(dict.values, starmap(sys._current_frames, [()])))  # noqa: SLF001
    starts = map(chain, zip(tops), repeat(repeat("f_back")))  # the top frame, then what to ask of each
    stacks: Any = map(accumulate, starts, repeat(getattr))  # from the top down to None
    return chain.from_iterable(map(takewhile, repeat(truth), stacks))

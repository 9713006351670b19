"""The monitoring engine (Python 3.12+): attribution inside ``sys.monitoring`` callbacks, by entry arming.

A line's event is disabled once every trace *armed* in its code object has the line; a trace is armed in a code
object when it first enters it; a code object that fires too often for nothing is disarmed. So one live profile
runs at full speed after its first pass, and several at once stay exact. There is no lock: a change that must not be
seen half done is one call into C, which needs the GIL (without it: :mod:`~profcov.recording.engine.free_threaded`). Each step below that looks superfluous is there because leaving it out loses lines:
see docs/explanation/engine.md.
"""

from __future__ import annotations

import sys
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final, cast

from profcov.errors import EngineUnavailableError
from profcov.recording.context import current, find_scope
from profcov.recording.engine.base import BaseEngine, Capabilities, Counts
from profcov.recording.engine.lazily import LazyCode, is_lazy
from profcov.recording.engine.monitoring_state import (
    CodeState,
    MonitoringTrace,
    at_once,
    calls,
    calls_if,
    unique,
)
from profcov.recording.engine.stacks import count_frames
from profcov.recording.engine.tools import free_tools, take_tools
from profcov.recording.faults import is_foreign, log_once
from profcov.recording.garbage import somewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import CodeType

    from profcov.recording.engine.monitoring_state import MonitoringScope, Step
    from profcov.recording.engine.sources import Sources
    from profcov.recording.scope import NoUnit

FIRST_BUDGET: Final = 256
"""Wasted events before a code object is disarmed: about 40 us, what walking every thread's stack costs."""
LAST_BUDGET: Final = 1 << 16
PATIENCE: Final = 16
"""Wasted events, for each known code object, before a parked trace stops being live: about what re-arming costs."""
MAX_QUIET: Final = 8
"""How many code objects are without entry events while traces come and go: each new trace wakes them, 3 us each."""
HOT: Final = 32
"""Entries since a trace was armed there before a code object is one of them: they have cost as much as waking it."""

_get_scope: Final = cast("Callable[[], MonitoringScope | None]", find_scope)
_get: Final = cast("Callable[[], MonitoringScope | None]", current.get)
"""Its first check is inlined here: a call would be a quarter of the cost of an event."""


class MonitoringEngine(BaseEngine[MonitoringTrace, "MonitoringScope", None]):
    """Two tools: *discovery* meets each code object once, *recording* has local events in measured ones.

    They must be two: an event that is both global and local keeps its DISABLE when the local set is switched.

    Raises:
        EngineUnavailableError: the interpreter has no ``sys.monitoring``, fewer than two tool ids are free, or branches
            are to be measured.
    """

    name = "monitoring"
    new_state: type[CodeState] = CodeState

    def __init__(self, sources: Sources) -> None:
        self._monitoring: Any = getattr(sys, "monitoring", None)
        if self._monitoring is None:
            raise EngineUnavailableError(self.name, "sys.monitoring came with Python 3.12")
        self._disable: object = self._monitoring.DISABLE
        self.capabilities = Capabilities(greenlets=True, branches=False, coroutine_blocks=True)
        self.sources = sources
        self._states: dict[int, CodeState] = {}
        self._quiet: set[CodeState] = set()  # whose entry events may be off
        self._lazy = LazyCode()
        self._live: set[MonitoringTrace] = set()
        # Live traces for which every quiet code object has been woken.
        self._announced: set[MonitoringTrace] = set()
        self._epoch = 0
        self._version = unique()  # of the traces that are live and at work
        self._max_quiet = sys.maxsize
        self._has_fleeting = False
        self.arms = self.disarms = self.blocked = self.lines = 0
        if sources.branch:
            raise EngineUnavailableError(self.name, "it measures no branches: set branch = false, or use ctrace")
        self._recording, self._discovery = take_tools(self.name)
        self._register()

    def _register(self) -> None:
        monitoring, events = self._monitoring, self._monitoring.events
        self._local = events.PY_START | events.PY_RESUME | events.LINE
        for event, callback in (
            (events.PY_START, self._on_entry),
            (events.PY_RESUME, self._on_entry),
            (events.PY_THROW, self._on_throw),
            (events.LINE, self._on_line),
            (events.PY_RETURN, self._lazy.on_return),
        ):
            monitoring.register_callback(self._recording, event, callback)
        monitoring.register_callback(self._discovery, events.PY_START, self._on_discovery)
        monitoring.set_events(self._recording, events.PY_THROW)
        monitoring.set_events(self._discovery, events.PY_START)

    # The contract of base.Engine.

    def new_trace(self, label: str | None) -> MonitoringTrace:
        """Return an empty trace."""
        return MonitoringTrace(label)

    def release(self, trace: MonitoringTrace) -> None:
        """Forget a trace without scopes: it is no longer live, and armed nowhere once others enter or ``review`` is called."""
        trace.is_over = True
        self._let_go(trace)

    def _let_go(self, trace: MonitoringTrace) -> None:
        """Make a trace no longer live, unless it has a scope at that moment."""
        steps = ((self._announced.discard, trace), (self._live.discard, trace))
        at_once(calls_if(trace.is_parked(), steps))
        self._version = unique()

    def begin(self, scope: MonitoringScope) -> None:
        """Make the scope's trace live: entries that were switched off must be seen again."""
        trace = scope.trace
        trace.scopes.add(scope)  # first: from now on the trace stays live
        if trace in self._announced:
            return
        if trace.label is None:
            # The trace of one unit, and more will come: entry events must stay on.
            self._has_fleeting, self._max_quiet = True, MAX_QUIET
        trace.is_over = False
        trace.waste = 0
        self._live.add(trace)
        self._epoch = unique()
        for state in tuple(self._quiet):
            code = state.ref()
            if code is None:
                self._quiet.discard(state)
            else:
                at_once(calls(*self._wake(state, code)))
        self._announced.add(trace)  # last: a thread that is interrupted before, or comes meanwhile, repeats it all

    def enter(self, scope: MonitoringScope | NoUnit | None) -> None:
        """Do nothing: callbacks read the context variable."""

    def leave(self, handle: None) -> None:
        """Do nothing: callbacks read the context variable."""

    def drive(self, coroutine: Coroutine[Any, Any, Any], scope: object) -> Coroutine[Any, Any, Any]:  # noqa: ARG002
        """Return the coroutine as it is: its task's context carries the scope."""
        return coroutine

    @property
    def counts(self) -> Counts:
        """What was done so far."""
        return Counts(self.arms, self.disarms, self.blocked, self.lines)

    def refusal(self) -> None:
        """Return None: this engine measures beside debuggers, profilers and coverage.py."""

    def after_fork(self) -> None:
        """Forget the parent's traces."""
        self.arms = self.disarms = self.blocked = self.lines = 0
        self._live.clear()
        self._announced.clear()
        self._lazy.evaluating.clear()
        self._epoch = self._version = unique()
        for state in tuple(self._states.values()):
            for each in (state.armed, state.seen, state.leaving):
                each.clear()
            at_once(state.publish())

    def warm_up(self) -> None:
        """Do nothing: nothing is known before code objects run."""

    def close(self) -> None:
        """Switch all events off and free the tool ids."""
        refs = [*(state.ref for state in tuple(self._states.values())), *tuple(self._lazy.codes.values())]
        free_tools((self._discovery, self._recording), [ref() for ref in refs])
        for each in (self._states, self._quiet, self._lazy.codes, self._live, self._announced):
            each.clear()

    # Callbacks. None of them may raise an error of ours: it would reach the application.

    def _on_discovery(self, code: CodeType, offset: int) -> object:
        try:
            if id(code) not in self._states:
                filename = self.sources.measured(code.co_filename, sys._getframe(1))  # noqa: SLF001
                if filename is None:
                    return self._disable
                self._adopt(code, filename)
            # A second thread here has missed the local start event just as the first has.
            self._on_entry(code, offset)
        except BaseException as error:
            if is_foreign(error):
                raise
            log_once("engine-discovery", "cannot tell whether %s is measured", code.co_filename, error=error)
        return self._disable

    def _adopt(self, code: CodeType, filename: str) -> None:
        if is_lazy(code):
            note, events = self._lazy.note(code), self._monitoring.events.PY_START | self._monitoring.events.PY_RETURN
        else:
            mine = self.new_state(code, filename, FIRST_BUDGET, self._states)
            note, events = calls((self._states.setdefault, id(code), mine)), self._local
            self.sources.note_entry(filename, code, _get_scope())
        at_once(note, calls((self._monitoring.set_local_events, self._recording, code, events)))

    def _on_throw(self, code: CodeType, offset: int, exception: BaseException) -> None:  # noqa: ARG002
        if id(code) in self._states:
            self._on_entry(code, offset)

    def _on_entry(self, code: CodeType, offset: int) -> object:  # noqa: ARG002, C901 (a call would cost more)
        try:
            state = self._states.get(id(code))
            if state is None:
                return None if self._lazy.enter(code, _get_scope()) else self._disable
            scope = _get()
            if scope is None or not scope.holders or somewhere:
                scope = _get_scope()
            if scope is not None:
                trace = scope.trace
                if state.leaving:
                    state.keep(trace)
                if trace not in state.armed:
                    self._arm(state, code, trace)
            if state.settled == self._version:
                return None
            epoch, state_epoch = self._epoch, state.epoch
            if not self._live <= state.armed.keys():
                self._settle_entry(state)
                return None
            if self._max_quiet == MAX_QUIET and not self._is_worth_waking(state):
                return None
            self._quiet.add(state)
            # The GIL cannot move between these comparisons and the return: no call, no backward jump.
            return (  # noqa: TRY300
                self._disable if self._epoch == epoch and state.epoch == state_epoch and not state.leaving else None
            )
        except BaseException as error:
            if is_foreign(error):
                # It strikes the frame that is entered: a generator may catch it and continue.
                self._arm_entered(code)
                raise
            log_once("engine-entry", "cannot arm %s", code.co_qualname, error=error)
            return None

    def _settle_entry(self, state: CodeState) -> None:
        """Note that entries must stay on, so that the next one is decided sooner, or charge it to parked traces."""
        missing = self._live.difference(state.armed)
        if any(not trace.scopes for trace in missing):
            state.waste += 1
            if state.waste > state.budget:
                self._retire_parked(state, missing)
        else:
            state.settled = self._version

    def _is_worth_waking(self, state: CodeState) -> bool:
        """Return whether a code object is entered so often that its entry events should be off until the next trace comes."""
        state.calls += 1
        if state.calls <= HOT:
            return False
        if len(self._quiet) >= MAX_QUIET:
            state.settled = self._version
            return False
        return True

    def _on_line(self, code: CodeType, line: int) -> object:
        try:
            state = self._states[id(code)]
            epoch = state.epoch
            scope = _get()
            if scope is None or not scope.holders or somewhere:
                scope = _get_scope()
            if scope is not None:
                trace = scope.trace
                seen = state.seen.get(trace)
                # No set: the frame was entered before its unit began, which coverage.py does not measure either.
                if seen is not None and line not in seen:
                    if self._lazy.evaluating and self._lazy.is_evaluating():
                        return None
                    trace.fresh[state.filename, line] = None
                    seen.add(line)
                    self.lines += 1
            for seen in state.sets:
                if line not in seen:
                    state.waste += 1
                    if state.waste > state.budget:
                        self._disarm(state, code, scope)
                    return None
            state.may_lack_lines = True
            return self._disable if state.epoch == epoch else None  # noqa: TRY300
        except BaseException as error:
            if is_foreign(error):
                self._record(code, line)
                raise
            log_once("engine-line", "cannot record line %d of %s", line, code.co_filename, error=error)
            return None

    def _arm_entered(self, code: CodeType) -> None:
        state, scope = self._states.get(id(code)), _get_scope()
        if state is not None and scope is not None:
            state.keep(scope.trace)
            if scope.trace not in state.armed:
                self._arm(state, code, scope.trace)

    def _record(self, code: CodeType, line: int) -> None:
        state, scope = self._states.get(id(code)), _get_scope()
        if (
            state is not None
            and scope is not None
            and line not in state.seen.get(scope.trace, {line})
            and not self._lazy.is_evaluating()
        ):
            scope.trace.fresh[state.filename, line] = None
            state.seen[scope.trace].add(line)
            self.lines += 1

    # Arming and disarming: each a single call into C, because two calls, or half of one, would lose lines.

    def _arm(self, state: CodeState, code: CodeType, trace: MonitoringTrace) -> None:
        self.arms += 1
        # The set first: a line callback of another thread looks it up as soon as the trace is armed.
        seen = state.seen.setdefault(trace, set())
        known = tuple(state.seen)
        drop = () if self._live.issuperset(known) else state.drop(self._live, known)
        wake = calls_if(state.lacks_lines(), self._wake(state, code))
        at_once(drop, calls((state.armed.setdefault, trace, seen)), state.publish(), wake)
        state.waste = state.settled = state.calls = 0

    def _wake(self, state: CodeState, code: CodeType) -> tuple[Step, ...]:
        """Return the steps that re-arm the events of a code object: off and on."""
        switch = self._monitoring.set_local_events
        return (
            (self._quiet.discard, state),
            (setattr, state, "may_lack_lines", False),
            (setattr, state, "epoch", unique()),
            (switch, self._recording, code, 0),
            (switch, self._recording, code, self._local),
        )

    def _disarm(self, state: CodeState, code: CodeType, scope: MonitoringScope | None) -> None:
        """Disarm the traces that entered a code object and are no longer in it.

        It may be interrupted, or overtaken by another thread's, anywhere: until the last call no trace is disarmed, and a trace
        that enters after the first call removes itself from the list.
        """
        self._retire_parked(state, self._live.intersection(state.armed))
        mine, stay = object(), frozenset(scope.nest()) if scope is not None else frozenset()
        leaving = set(state.armed) - stay
        # Publish first, check second: entries are on from now on, and stay on while a trace is to be disarmed.
        mark = ((state.leaving.__setitem__, mine, leaving), (setattr, state, "epoch", unique()))
        at_once(calls(*mark), calls_if(map(self._quiet.__contains__, (state,)), self._wake(state, code)))
        if self._is_running(code):
            state.leaving.pop(mine, None)
            self.blocked += 1
            state.budget = min(state.budget * 2, LAST_BUDGET)
        else:
            self.disarms += 1
            leavers = chain.from_iterable(map(state.leaving.pop, (mine,), ((),)))
            at_once(map(state.armed.pop, leavers, repeat(None)), state.publish())
        state.waste = state.settled = 0

    def _is_running(self, code: CodeType) -> bool:
        """Return whether a code object is in use elsewhere: on another thread's stack, or further down on ours."""
        if "greenlet" in sys.modules:  # a suspended greenlet is on no stack and comes back without an event
            return True
        return count_frames(code) > 1

    def _retire_parked(self, state: CodeState, suspects: set[MonitoringTrace]) -> None:
        """Charge wasted events to traces without work; a trace that costs more than re-arming it is no longer live."""
        for trace in suspects:
            if not trace.scopes:
                trace.waste += state.waste
                if trace.waste > PATIENCE * len(self._states):
                    self._let_go(trace)
        state.waste = 0

    def review(self) -> None:
        """Check again which traces need events: those that were at work may have ended."""
        self._max_quiet, self._has_fleeting = MAX_QUIET if self._has_fleeting else sys.maxsize, False
        self._version = unique()
        for state in tuple(self._states.values()):
            if state.leaving:  # of an interrupted disarming; one in progress gives up
                state.leaving.clear()
            known = tuple(state.seen)
            if not self._live.issuperset(known):
                at_once(state.drop(self._live, known), state.publish())
        for state in tuple(self._quiet):
            if state.ref() is None:
                self._quiet.discard(state)

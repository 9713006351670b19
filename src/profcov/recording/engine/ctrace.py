"""The ctrace engine (Python 3.11): coverage.py's C tracer, switched on and off around each step of a trace.

A *step* is what runs between two switches: a WSGI call, each ``next()`` of its body, each resumption of a
coroutine, a callable in a pool's thread. Each trace has its own tracers in each thread; a tracer is never left on for
a step of another unit. If greenlets switch during a step, each has its own tracer, too: a tracer keeps a stack of the
calls that it has seen. A trace function that the application sets in the middle of a step stays: profcov stops, and the
artifact is partial.
"""

from __future__ import annotations

import functools
import sys
import weakref
from typing import TYPE_CHECKING, Any, Final, cast

from profcov.errors import EngineUnavailableError
from profcov.reasons import OTHER_TRACER, UNFOLLOWED
from profcov.recording.context import find_scope
from profcov.recording.engine.base import BaseEngine, Capabilities, Counts
from profcov.recording.engine.builds import is_free_threaded
from profcov.recording.engine.c_tracer import IS_AVAILABLE, by_code, find_arc_width, make_tracer, make_verdict
from profcov.recording.engine.coroutine import StepCoroutine
from profcov.recording.engine.ctrace_state import CTrace
from profcov.recording.engine.strands import NOTHING, Strand, Threads, ThreadState, has_hub
from profcov.recording.faults import log_once, raise_foreign
from profcov.wire.statuses import GREENLETS, TRACE_FUNCTION

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import FrameType

    from profcov.recording.engine.c_tracer import Tracer
    from profcov.recording.engine.ctrace_state import CScope, Known, Mark
    from profcov.recording.engine.sources import Sources
    from profcov.recording.scope import NoUnit, Scope
    from profcov.wire.statuses import TraceStatus


class CTraceEngine(BaseEngine[CTrace, "CScope", "int | None"]):
    """Run one C tracer per trace and thread.

    Raises:
        EngineUnavailableError: coverage.py was installed without its C extension, or this build of Python can run without the GIL.
    """

    name = "ctrace"

    def __init__(self, sources: Sources) -> None:
        if is_free_threaded():
            reason = "this build of Python can run without the GIL: use the monitoring engine, with branch = false"
            raise EngineUnavailableError(self.name, reason)
        if not IS_AVAILABLE:
            raise EngineUnavailableError(self.name, "this coverage.py was built without its C tracer")
        self.capabilities = Capabilities(greenlets=False, branches=True, coroutine_blocks=False)
        self.sources = sources
        sources.on_versions = self._tell_apart
        self._traces: set[weakref.ref[CTrace]] = set()
        self._unmeasured: dict[str, object] = {}
        self._by_code: dict[str, object] = {}
        self.lines = 0  # on disk: what tracers do is only counted later
        self._threads = Threads(self._switched)
        self._arc_width = find_arc_width(self.name) if sources.branch else None

    # The contract of base.Engine.

    def release(self, trace: CTrace) -> None:
        """Do nothing: the engine holds nothing of a trace."""

    def new_trace(self, label: str | None) -> CTrace:
        """Return an empty trace."""
        trace = CTrace(label, arc_width=self._arc_width, engine=self)
        trace.known.verdicts.update(self._unmeasured)
        self._traces.add(weakref.ref(trace, self._traces.discard))
        return trace

    def begin(self, scope: CScope) -> None:
        """Note the scopes that may still work for the trace; it is live while a step of it is on."""
        scope.trace.scopes.add(scope)

    def enter(self, scope: CScope | NoUnit | None) -> int | None:
        """Switch this thread to a scope's tracer, or to none; a step inside a step of the same trace does nothing.

        A tracer counts the calls and returns that it sees, so every ``enter`` must be as many calls deep in the frame that
        it switches for as its ``leave``: two (``Step.__enter__`` calls this; so does ``StepCoroutine._on``).
        """
        state = self._threads.state
        strand = state.strand
        steps = strand.steps
        outer = steps[-1] if steps else strand.base
        trace = None if scope is None else scope.trace
        if outer[0] is trace:
            return None
        handle = len(steps) + 1
        try:
            if outer[1] is not None:
                _pause(state)
            if "greenlet" in sys.modules and not state.is_watching:
                state.watch()
            tracer: Tracer | None = None
            if trace is not None:
                if sys.gettrace() is None:
                    tracer = self._tracer(trace)
                else:
                    _miss(scope, OTHER_TRACER)
            steps.append((trace, tracer, scope))
            if tracer is not None:
                pausing = state.pausing
                pausing.pause, pausing.resume = _UNTRACE, tracer.start
                tracer.start()
                strand.is_on = True
            return handle  # noqa: TRY300 (in here no instruction is without its handler)
        except BaseException:  # a time limit of the application's has struck
            self._close(state, handle - 1)
            _go_on(state)
            raise

    def leave(self, handle: int | None) -> None:
        """End a step: switch its tracer off and the outer one on again."""
        if handle is None:
            return
        state = self._threads.state
        strand = state.strand
        steps = strand.steps
        try:
            trace, tracer, _ = steps[-1] if handle == len(steps) else NOTHING
            is_on = tracer is not None and sys.gettrace() is tracer
            if is_on and trace and tracer and (not state.is_watching or state.sees_switches()):
                strand.is_on = False
                state.pausing.resume = state.pausing.pause = dict
                sys.settrace(None)
                tracer.stop()
                steps.pop()
                trace.resting.tracers.append(tracer)
            else:
                self._close(state, handle - 1)
            if steps or strand.base[1] is not None:
                _go_on(state)  # as many calls deep as `enter` has paused it
        except BaseException:
            self._close(state, handle - 1)
            _go_on(state)
            raise

    def _close(self, state: ThreadState, depth: int) -> None:
        """Close the deeper steps: one, and those that an interruption in it has left open; none after a fork."""
        strand = state.strand
        closed = strand.steps[depth:]
        if not closed:
            return
        _pause(state)
        del strand.steps[depth:]
        sees_switches = not state.is_watching or state.sees_switches()
        for number, (_, tracer, scope) in enumerate(closed):
            if tracer is not None:
                tracer.stop()
            if number or not sees_switches:
                _miss(scope, UNFOLLOWED)

    def _switched(self, event: str, greenlets: tuple[Any, Any]) -> None:
        """Switch to the tracer of the greenlet that this thread has switched to: greenlet calls this, and sees no exception."""
        state = self._threads.state
        scope = state.strand.running[2]
        before = state.before
        try:
            if event in {"switch", "throw"}:
                _pause(state)
                tracer = state.strand.running[1]
                if tracer is not None:
                    tracer.stop()
                if state.turn(*greenlets):
                    self._take_on(state.strand, scope)
                if state.is_idle:
                    state.unwatch()
                else:
                    _go_on(state)
        except Exception as error:  # noqa: BLE001
            raise_foreign(error)
            _miss(scope, UNFOLLOWED)
            log_once("greenlets", "cannot follow a greenlet", error=error)
        if before is not None:
            before(event, greenlets)

    def _take_on(self, strand: Strand, switcher: CScope | NoUnit | None) -> None:
        """Let a greenlet run for whom its context names, or who is around it; with a step of its own, after that for the switcher."""
        scope = switcher if strand.steps else _find_scope()
        trace = None if scope is None else scope.trace
        if strand.base[0] is not trace:
            strand.base = (trace, None if trace is None else self._new_tracer(trace), scope)

    def drive(self, coroutine: Coroutine[Any, Any, Any], scope: CScope | NoUnit | None) -> Coroutine[Any, Any, Any]:
        """Return a coroutine that runs each resumption of the given one as a step."""
        return StepCoroutine(coroutine, scope, self)

    @property
    def counts(self) -> Counts:
        """What was done so far: nothing is armed here."""
        return Counts(lines=self.lines)

    def refusal(self) -> TraceStatus | None:
        """Return why this thread cannot be measured: another trace function, or greenlets."""
        if sys.gettrace() not in (None, self._threads.state.strand.running[1]):
            return TRACE_FUNCTION
        if has_hub():
            return GREENLETS
        return None

    def review(self) -> None:
        """Do nothing: nothing is put off."""

    def after_fork(self) -> None:
        """Switch off the step that the forking thread was in; the child begins its own."""
        state = self._threads.state
        _pause(state)
        for _, tracer, _ in (*state.strand.steps, state.strand.base):
            if tracer is not None:
                tracer.stop()
        state.unwatch()
        self._threads = Threads(self._switched)
        self.lines = 0

    def warm_up(self) -> None:
        """Give the traces to come the verdicts on the files that are known not to be measured."""
        unmeasured = make_verdict("", None)
        for filename in self.sources.list_unmeasured():
            self._unmeasured.setdefault(filename, unmeasured)

    def close(self) -> None:
        """Do nothing: nothing is held between steps."""

    def _tracer(self, trace: CTrace) -> Tracer:
        """Return a tracer of the trace that is at rest in this thread, or a new one: two nested steps need two."""
        resting: list[Tracer]
        try:
            resting = trace.resting.tracers
        except AttributeError:
            resting = trace.resting.tracers = []
        return resting.pop() if resting else self._new_tracer(trace)

    def _new_tracer(self, trace: CTrace) -> Tracer:
        known = trace.known
        should_trace = functools.partial(self._should_trace, known)
        tracer = make_tracer(known.data, should_trace, known.verdicts, arcs=trace.branch)
        tracer.check_include = functools.partial(self._meet, known)
        return tracer

    def _should_trace(self, known: Known, filename: str, frame: FrameType) -> object:
        """Answer the tracer's question about a file; an exception here would end the tracer.

        A file's set exists before any tracer can look it up. So two threads never make two, one of which would be lost with
        its lines, and coverage.py's lock is not needed: under it the garbage collector could run foreign code (3.11).
        """
        name = None
        try:
            name = self.sources.measured(filename, frame)
        except Exception as error:  # noqa: BLE001
            raise_foreign(error)  # a time limit of the application's: it ends the tracer, too, but must not be lost
            log_once("engine-discovery", "cannot tell whether %s is measured", filename, error=error)
        verdict = make_verdict(filename, name)
        if name is None:
            self._unmeasured[filename] = verdict
        else:
            known.data.setdefault(name, set())
        return self._by_code.setdefault(filename, by_code(verdict)) if self.sources.is_mixed(filename) else verdict

    def _meet(self, known: Known, mark: Mark, frame: FrameType) -> bool:
        """Find out, the first time that a trace meets it, which version of its file a code object is of."""
        filename = frame.f_code.co_filename
        key = self.sources.measured(filename, frame) or filename
        known.data.setdefault(mark, set())
        known.keys[mark] = key
        if len(known.keys) >= MAX_MARKS:  # source that is compiled again and again, each time different
            known.former.append(known.verdicts.get(filename))
            known.verdicts[filename] = make_verdict(filename, self.sources.doubt(filename))
        return True

    def _tell_apart(self, filename: str) -> None:
        """Examine the code objects of a file one by one from now on.

        Keep what a tracer has for a file: its frames still point to that, without counting as its users.
        """
        for known in [trace.known for reference in list(self._traces) if (trace := reference()) is not None]:
            verdict = known.verdicts.get(filename)
            if verdict is not self._by_code.get(filename):
                known.former.append(verdict)
            known.verdicts.pop(filename, None)
            for mark in [each for each in list(known.verdicts) if isinstance(each, tuple)]:
                known.verdicts.pop(mark, None)


_UNTRACE: Final = functools.partial(sys.settrace, None)
_find_scope: Final = cast("Callable[[], CScope | None]", find_scope)


def _pause(state: ThreadState) -> None:
    """Switch off the tracer that is on in this thread, if any; if another trace function is set, give way to it.

    It is not stopped: frames that were entered under it call it if another trace function is set, and a stopped tracer would
    remove that function. The code that drops it stops it first, for the same reason.
    """
    strand, pausing = state.strand, state.pausing
    pausing.resume = pausing.pause = dict
    tracer = strand.running[1]
    if tracer is None:
        return
    if sys.gettrace() is tracer:
        strand.is_on = False  # noted first: an interruption between the two is no other trace function
        sys.settrace(None)
    elif strand.is_on:
        _give_way(strand)


def _go_on(state: ThreadState) -> None:
    """Switch on the tracer of the running step, unless it is on, or another trace function is set."""
    strand = state.strand
    tracer = strand.running[1]
    if tracer is None:
        return
    found = sys.gettrace()
    if found is None:
        pausing = state.pausing
        pausing.pause, pausing.resume = _UNTRACE, tracer.start
        tracer.stop()
        tracer.start()
    elif found is not tracer:
        _give_way(strand)
        return
    strand.is_on = True


def _give_way(strand: Strand) -> None:
    """Continue without a tracer: it has missed calls and returns, and would file wrong lines from now on."""
    trace, tracer, scope = strand.running
    ours = {id(step[1]) for step in (*strand.steps, strand.base) if step[1] is not None}
    frame: FrameType | None = sys._getframe()  # noqa: SLF001
    while frame is not None:
        if id(frame.f_trace) in ours:
            frame.f_trace = None
        frame = frame.f_back
    if tracer is not None:
        tracer.stop()
    strand.is_on = False
    strand.running = (trace, None, scope)
    _miss(scope, OTHER_TRACER)


def _miss(scope: Scope | NoUnit | None, reason: str) -> None:
    """Make a scope's artifact partial because something is missing; never raise."""
    try:
        if scope is not None and scope.book is not None:
            scope.book.miss(reason)
    except Exception as error:  # noqa: BLE001
        raise_foreign(error)
        log_once("miss", "cannot note what is missing", error=error)


MAX_MARKS: Final = 10_000
"""How many code objects a trace distinguishes; beyond that, code of a mixed file counts as of no known version."""

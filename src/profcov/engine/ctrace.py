"""The ctrace engine (Python 3.11): coverage.py's C tracer, switched on and off around each step of a trace.

A *step* is what runs between two switches: a WSGI call, each ``next()`` of its body, each resumption of a
coroutine, a callable in a pool's thread. Each trace has tracers of its own in each thread; one that is on is never
left on for somebody else's step.

With ``sources`` the only module that touches coverage.py's non-public names; a test pins those used.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any, Final

from profcov.engine.base import Capabilities, Counts, Executed, Lock, Trace
from profcov.engine.coroutine import StepCoroutine
from profcov.engine.faults import log_once, raise_foreign
from profcov.errors import EngineUnavailableError

try:
    from coverage import tracer as c_tracer
except ImportError:  # a coverage.py without its C extension
    c_tracer = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from types import FrameType

    from profcov.context import Scope
    from profcov.engine.sources import Sources


class _ThreadState(threading.local):
    """This thread's open steps, innermost last, and the tracers at rest of each trace."""

    def __init__(self) -> None:
        self.steps: list[tuple[CTrace | None, Any]] = []


class CTrace(Trace):
    """A trace whose ``data`` coverage.py's tracers write: lines, or packed arcs, by the name a file has in the data."""

    __slots__ = ("_count", "_engine", "_taken", "_width", "data", "lock", "resting")

    def __init__(self, slug: str, label: str | None, *, arc_width: int | None, engine: CTraceEngine) -> None:
        super().__init__(slug, label, branch=arc_width is not None)
        self._engine = engine
        self._width = arc_width or 0
        self.data: Executed = {}
        self.lock = threading.Lock()
        self.resting = threading.local()
        self._count = self._taken = 0

    @property
    def has_news(self) -> bool:
        """Whether something ran since the last settled take."""
        return sum(map(len, list(self.data.values()))) > self._taken

    def take(self) -> Executed:
        """Return what is in the tracers' data and not yet written."""
        self._count = sum(map(len, list(self.data.values())))
        self._pending = {}
        for filename, ran in list(self.data.items()):
            new = set(ran) - self._written.get(filename, set())
            if new:
                self._pending[filename] = new
        if self.branch:
            return {
                filename: {unpack(each, self._width) for each in packed} for filename, packed in self._pending.items()
            }
        return self._pending

    def settle(self) -> None:
        """Say that what was taken last is on disk."""
        self._engine.lines += self._count - self._taken
        self._taken = self._count
        super().settle()


def unpack(packed: int, width: int) -> tuple[int, int]:
    """Return the arc in an integer: ``width`` bits for each line, then a bit for the sign of each."""
    mask = (1 << width) - 1
    start, end = packed & mask, packed >> width & mask
    return (-start if packed >> 2 * width & 1 else start), (-end if packed >> 2 * width + 1 & 1 else end)


class CTraceEngine:
    """Runs one C tracer a trace and thread.

    Raises:
        EngineUnavailableError: coverage.py was installed without its C extension.
    """

    name = "ctrace"

    def __init__(self, sources: Sources) -> None:
        if c_tracer is None:
            raise EngineUnavailableError(self.name, "this coverage.py was built without its C tracer")
        self.capabilities = Capabilities(greenlets=False, branches=True, coroutine_blocks=False)
        self.sources = sources
        self._verdicts: dict[str, Any] = {}
        self.lines = 0  # on disk: what the tracers do is not counted while they do it
        self._thread = _ThreadState()
        self._arc_width = self._find_arc_width() if sources.branch else None

    # The contract of base.Engine.

    def release(self, trace: Trace) -> None:
        """Nothing of a trace is held here."""

    def new_trace(self, slug: str, label: str | None) -> CTrace:
        """Return an empty trace."""
        return CTrace(slug, label, arc_width=self._arc_width, engine=self)

    def begin(self, scope: Scope) -> None:
        """Note who may still work for the trace; it is live while a step of it is on."""
        scope.trace.scopes.add(scope)

    def enter(self, scope: Scope | None) -> tuple[CTrace | None, Any] | None:
        """Switch this thread to a scope's tracer, or to none; a step inside a step of the same trace does nothing.

        A tracer counts the calls and returns that it sees, so every ``enter`` and ``leave`` must be two calls deep
        in the frame that they switch for (``Step.__enter__`` calls this; so does ``StepCoroutine._on``).
        """
        trace = None if scope is None else scope.trace
        steps = self._thread.steps
        outer = steps[-1] if steps else (None, None)
        if outer[0] is trace:
            return None
        if outer[1] is not None:
            outer[1].stop()
            sys.settrace(None)
        tracer = None if trace is None else self._tracer(trace)
        steps.append((trace, tracer))
        if tracer is not None:
            tracer.start()
        return outer

    def leave(self, handle: tuple[CTrace | None, Any] | None) -> None:
        """End a step: switch its tracer off and the outer one on again."""
        if handle is None or not self._thread.steps:  # forked inside the step
            return
        trace, tracer = self._thread.steps.pop()
        if tracer is not None:
            tracer.stop()
            sys.settrace(None)
            trace.resting.tracers.append(tracer)  # type: ignore[union-attr]
        if handle[1] is not None:
            handle[1].start()

    def drive(self, coroutine: Coroutine[Any, Any, Any], scope: Scope) -> Coroutine[Any, Any, Any]:
        """Return a coroutine that runs each resumption of the given one as a step."""
        return StepCoroutine(coroutine, scope, self)

    @property
    def counts(self) -> Counts:
        """What was done so far: nothing is armed here."""
        return Counts(lines=self.lines)

    def refusal(self) -> str | None:
        """Say why this thread cannot be measured: somebody else's trace function, or greenlets."""
        if not self._thread.steps and sys.gettrace() is not None:
            return "another trace function is set (coverage.py or a debugger)"
        if "gevent" in sys.modules or "eventlet" in sys.modules:
            return "greenlets need the monitoring engine (Python 3.12 or newer)"
        return None

    def review(self) -> None:
        """Nothing is put off."""

    @property
    def locks(self) -> Sequence[Lock]:
        """The locks that the tracer's callbacks take."""
        return (self.sources.lock,)

    def after_fork(self) -> None:
        """Switch off the step that the forking thread was in; the child begins its own."""
        if self._thread.steps:
            tracer = self._thread.steps[-1][1]
            if tracer is not None:
                tracer.stop()
                sys.settrace(None)
        self._thread = _ThreadState()
        self.lines = 0

    def warm_up(self) -> None:
        """Give the tracers to come the verdicts on the files that are known not to be measured."""
        unmeasured = _disposition("", None)
        for filename in self.sources.list_unmeasured():
            self._verdicts.setdefault(filename, unmeasured)

    def close(self) -> None:
        """Nothing is held between steps."""

    def _tracer(self, trace: CTrace) -> Any:
        """Return a tracer of the trace that is at rest in this thread, or a new one: two nested steps need two."""
        try:
            resting = trace.resting.tracers
        except AttributeError:
            resting = trace.resting.tracers = []
        return resting.pop() if resting else self._new_tracer(trace)

    def _new_tracer(self, trace: CTrace) -> Any:
        tracer = _make_tracer(trace.data, self._should_trace, self._verdicts, arcs=trace.branch)
        tracer.lock_data = trace.lock.acquire
        tracer.unlock_data = trace.lock.release
        return tracer

    def _find_arc_width(self) -> int:
        """Return how many bits coverage.py's tracer gives a line in an arc: 20 in 7.6, 28 in 7.17. By trying it.

        Raises:
            EngineUnavailableError: it packs arcs in some other way.
        """
        names: dict[str, Any] = {}
        exec(compile("def probe():\n    a = 1\n    return a\n", "probe", "exec"), names)  # noqa: S102
        data: dict[str, set[int]] = {}
        tracer = _make_tracer(data, lambda filename, _frame: _disposition(filename, "probe"), {}, arcs=True)
        before = sys.gettrace()
        tracer.start()
        try:
            names["probe"]()
        finally:
            tracer.stop()
            sys.settrace(before)
        for width in range(16, 33):
            if {unpack(packed, width) for packed in data.get("probe", ())} == {(-1, 2), (2, 3), (3, -1)}:
                return width
        raise EngineUnavailableError(self.name, "this coverage.py packs arcs in a way that profcov does not know")

    def _should_trace(self, filename: str, frame: FrameType) -> Any:
        """Answer the tracer's question about a file; an exception here would end the tracer."""
        name = None
        try:
            name = self.sources.measured(filename, frame)
        except Exception as error:  # noqa: BLE001
            raise_foreign(error)  # a time limit of the application's: it ends the tracer, too, but must not be lost
            log_once("engine-discovery", "cannot tell whether %s is measured", filename, error=error)
        return _disposition(filename, name)


def _disposition(filename: str, name: str | None) -> Any:
    disposition: Any = c_tracer.CFileDisposition()
    disposition.original_filename = disposition.canonical_filename = filename
    disposition.source_filename = name
    disposition.trace = name is not None
    disposition.reason = ""
    disposition.file_tracer = None
    disposition.has_dynamic_filename = False
    return disposition


def _make_tracer(data: Executed, should_trace: Callable[..., Any], verdicts: dict[str, Any], *, arcs: bool) -> Any:
    tracer: Any = c_tracer.CTracer()
    tracer.data = data
    tracer.trace_arcs = arcs
    tracer.should_trace = should_trace
    tracer.should_trace_cache = verdicts
    tracer.lock_data = tracer.unlock_data = _ignore
    tracer.check_include = _always
    tracer.file_tracers = {}
    tracer.warn = _ignore
    tracer.disable_plugin = _ignore
    tracer.concur_id_func = None
    tracer.should_start_context = None
    tracer.switch_context = None
    return tracer


_always: Final[Callable[..., bool]] = lambda *args: True  # noqa: E731, ARG005
_ignore: Final[Callable[..., None]] = lambda *args, **kwargs: None  # noqa: E731, ARG005

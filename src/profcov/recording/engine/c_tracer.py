"""coverage.py's C tracer as the ctrace engine makes it: without plugins, contexts and a lock.

With ``configuration.file_rules`` the only module that touches coverage.py's non-public names; a test pins those used.
"""

from __future__ import annotations

import operator
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, Protocol

from profcov.errors import EngineUnavailableError
from profcov.recording.engine.ctrace_state import unpack_arc

try:
    from coverage import tracer as c_tracer
except ImportError:  # a coverage.py without its C extension
    c_tracer = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from profcov.recording.engine.ctrace_state import Mark


class Tracer(Protocol):
    """What the engine uses of one of coverage.py's tracers."""

    check_include: Callable[..., bool]

    def __call__(self, frame: FrameType, event: str, arg: Any, /) -> Any:
        """Handle an event."""

    def start(self) -> object:
        """Become this thread's trace function."""

    def stop(self) -> None:
        """Stop being it, at the next event; at once if it is."""


IS_AVAILABLE: Final = c_tracer is not None


def make_verdict(filename: str, name: str | None) -> Any:
    """Return the answer to a tracer's question about a file: the name of its lines in the data, or None."""
    disposition: Any = c_tracer.CFileDisposition()
    disposition.original_filename = disposition.canonical_filename = filename
    disposition.source_filename = name
    disposition.trace = name is not None
    disposition.reason = ""
    disposition.file_tracer = None
    disposition.has_dynamic_filename = False
    return disposition


_find_mark: Final = operator.attrgetter("f_code.co_filename", "f_code", "f_code.co_linetable")
"""Return a frame's :data:`~profcov.recording.engine.ctrace_state.Mark`."""


class _CodeByCode:
    """Take the place of a file tracer in coverage.py's tracer, which asks it for a name for each frame, and gets the code object's mark.

    Its lines are kept under that. Both answers come from C: no Python runs, in which a time limit could strike and be lost.
    """

    _coverage_plugin: Final = SimpleNamespace(_coverage_plugin_name="profcov")
    dynamic_source_filename: Final = operator.call
    line_number_range: Final = operator.attrgetter("f_lineno", "f_lineno")


_code_by_code: Final = _CodeByCode()


def by_code(disposition: Any) -> Any:
    """Keep a file's lines apart by code object."""
    disposition.source_filename = _find_mark
    disposition.file_tracer = _code_by_code  # one for all: frames point to it, without counting as its users
    disposition.has_dynamic_filename = True
    return disposition


def make_tracer(
    data: dict[str | Mark, set[int]],
    should_trace: Callable[..., object],
    verdicts: dict[str | Mark, object],
    *,
    arcs: bool,
) -> Tracer:
    """Return a tracer that writes lines or arcs into ``data``."""
    tracer: Any = c_tracer.CTracer()
    tracer.data = data
    tracer.trace_arcs = arcs
    tracer.should_trace = should_trace
    tracer.should_trace_cache = verdicts
    tracer.lock_data = tracer.unlock_data = _no_lock
    tracer.check_include = _always
    tracer.file_tracers = {}
    tracer.warn = _ignore
    tracer.disable_plugin = _ignore
    tracer.concur_id_func = None
    tracer.should_start_context = None
    tracer.switch_context = None
    made: Tracer = tracer
    return made


def find_arc_width(engine: str) -> int:
    """Return how many bits coverage.py's tracer gives a line in an arc: 20 in 7.6, 28 in 7.17. Found by trying.

    Raises:
        EngineUnavailableError: it packs arcs in some other way.
    """
    names: dict[str, Any] = {}
    exec(compile("def probe():\n    a = 1\n    return a\n", "probe", "exec"), names)  # noqa: S102
    data: dict[str | Mark, set[int]] = {}
    tracer = make_tracer(data, lambda filename, _frame: make_verdict(filename, "probe"), {}, arcs=True)
    before = sys.gettrace()
    tracer.start()
    try:
        names["probe"]()
    finally:
        tracer.stop()
        sys.settrace(before)
    for width in range(16, 33):
        if {unpack_arc(packed, width) for packed in data.get("probe", ())} == {(-1, 2), (2, 3), (3, -1)}:
            return width
    raise EngineUnavailableError(engine, "this coverage.py packs arcs in a way that profcov does not know")


_no_lock: Final[
    Callable[[], None]
] = [].clear  # the cheapest call into C that does nothing: each call of a function pays it
_always: Final[Callable[..., bool]] = lambda *args: True  # noqa: E731, ARG005
_ignore: Final[Callable[..., None]] = lambda *args, **kwargs: None  # noqa: E731, ARG005

"""The ctrace engine's state of a thread: its open steps, and those of the greenlets that take turns in it."""

from __future__ import annotations

import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final

from profcov.recording.garbage import pausing_here

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.recording.engine.c_tracer import Tracer
    from profcov.recording.engine.ctrace_state import CScope, CTrace
    from profcov.recording.scope import NoUnit

    Running = tuple[CTrace | None, Tracer | None, CScope | NoUnit | None]
    """A trace, its active tracer, and the scope; all None if nothing is measured.

    Only the tracer is None if another trace function is set.
    """

NOTHING: Final[Running] = (None, None, None)


class Strand:
    """The open steps of a greenlet, innermost last, and what it runs under without any: ``base``.

    ``is_on``: the tracer of the running step was switched on, so another function in its place was set later.
    """

    __slots__ = ("base", "is_on", "steps")

    def __init__(self) -> None:
        self.steps: list[Running] = []
        self.base: Running = NOTHING
        self.is_on = False

    @property
    def running(self) -> Running:
        """What runs; to be replaced, too."""
        return self.steps[-1] if self.steps else self.base

    @running.setter
    def running(self, running: Running) -> None:
        if self.steps:
            self.steps[-1] = running
        else:
            self.base = running


class ThreadState:
    """A thread's running strand, and those of its suspended greenlets that have a tracer to return to.

    While there are any, or a step is open, greenlet reports each switch to ``on_switch``; ``before`` is the earlier callback.
    ``pausing`` has what the garbage collector calls in this thread.
    """

    __slots__ = ("_gettrace", "_on_switch", "_suspended", "before", "is_watching", "pausing", "strand")

    def __init__(self, on_switch: Callable[[str, Any], None]) -> None:
        self.strand = Strand()
        self.pausing = pausing_here()
        self.is_watching = False
        self.before: Any = None
        self._on_switch = on_switch
        self._suspended: weakref.WeakKeyDictionary[Any, Strand] = weakref.WeakKeyDictionary()
        self._gettrace: Callable[[], Any] = _no_callback

    def watch(self) -> None:
        """Have greenlet report switches."""
        greenlet: Any = sys.modules["greenlet"]
        if hasattr(greenlet, "settrace"):  # or it is being imported
            self._gettrace = greenlet.gettrace
            before = greenlet.settrace(self._on_switch)
            self.before = None if before is self._on_switch else before
            self.is_watching = True

    def sees_switches(self) -> bool:
        """Return whether no switch can have gone unnoticed: a callback that replaced ours may call ours, or not."""
        callback = self._gettrace()
        if callback is None:
            self.is_watching = False
        return callback is self._on_switch

    def unwatch(self) -> None:
        """Restore greenlet's earlier callback, unless ours was replaced since."""
        if self.is_watching and self._gettrace() is self._on_switch:
            self.is_watching = False
            sys.modules["greenlet"].settrace(self.before)

    def turn(self, origin: Any, target: Any) -> bool:
        """Switch to the strand of the running greenlet; return whether it was called, rather than returned to."""
        if not origin.dead and (self.strand.steps or self.strand.base[1] is not None):
            self._suspended[origin] = self.strand
        self.strand = self._suspended.pop(target, _NONE)
        if self.strand is _NONE:
            self.strand = Strand()
        while origin is not None and origin is not target:
            origin = origin.parent
        return origin is None

    @property
    def is_idle(self) -> bool:
        """Whether no step is open in any greenlet, and none has a tracer to return to."""
        return not self.strand.steps and self.strand.base[1] is None and not self._suspended


class Threads(threading.local):
    """This thread's state."""

    def __init__(self, on_switch: Callable[[str, Any], None]) -> None:
        self.state = ThreadState(on_switch)


_NONE: Final = Strand()
_no_callback: Final[Callable[[], Any]] = lambda: None  # noqa: E731


def has_hub() -> bool:
    """Return whether gevent or eventlet is active in this thread: merely imported, as by sentry-sdk, they change nothing."""
    loaded = sys.modules.get
    find_hub = getattr(loaded("gevent._hub_local"), "get_hub_if_exists", lambda: None)
    eventlets = getattr(loaded("eventlet.hubs"), "_threadlocal", None)
    is_patched = getattr(loaded("gevent.monkey"), "saved", None) or getattr(
        loaded("eventlet.patcher"), "already_patched", None
    )
    return bool(is_patched) or find_hub() is not None or hasattr(eventlets, "hub")

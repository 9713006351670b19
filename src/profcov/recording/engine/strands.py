"""What the ctrace engine keeps of a thread: its open steps, and those of the greenlets that take turns in it."""

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
    from profcov.recording.scope import Nobody

    Running = tuple[CTrace | None, Tracer | None, CScope | Nobody | None]
    """A trace, the tracer that is at work for it, and the scope; all None where nobody is measured.

    The tracer alone is None where another trace function is in the way.
    """

NOBODY: Final[Running] = (None, None, None)


class Strand:
    """The steps that a greenlet has open, innermost last, and on what it runs without any: ``base``.

    ``is_on``: the tracer of what runs has been switched on, so that whoever else is found in its place has come since.
    """

    __slots__ = ("base", "is_on", "steps")

    def __init__(self) -> None:
        self.steps: list[Running] = []
        self.base: Running = NOBODY
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
    """A thread's running strand, and those of its suspended greenlets that have something to come back to.

    As long as there are any, or a step is open, greenlet tells ``told`` of each switch; ``before`` is whom it told before us.
    ``pausing`` has what the garbage collector calls in this thread.
    """

    __slots__ = ("_gettrace", "_suspended", "_told", "before", "is_watching", "pausing", "strand")

    def __init__(self, told: Callable[[str, Any], None]) -> None:
        self.strand = Strand()
        self.pausing = pausing_here()
        self.is_watching = False
        self.before: Any = None
        self._told = told
        self._suspended: weakref.WeakKeyDictionary[Any, Strand] = weakref.WeakKeyDictionary()
        self._gettrace: Callable[[], Any] = _nobody

    def watch(self) -> None:
        """Have greenlet tell of switches."""
        greenlet: Any = sys.modules["greenlet"]
        if hasattr(greenlet, "settrace"):  # or it is being imported
            self._gettrace = greenlet.gettrace
            before = greenlet.settrace(self._told)
            self.before = None if before is self._told else before
            self.is_watching = True

    def is_told(self) -> bool:
        """Say whether no switch can have gone unnoticed: whoever sets a function of their own may call ours, or not."""
        told = self._gettrace()
        if told is None:
            self.is_watching = False
        return told is self._told

    def unwatch(self) -> None:
        """Have greenlet tell who was told before, unless somebody else has come since."""
        if self.is_watching and self._gettrace() is self._told:
            self.is_watching = False
            sys.modules["greenlet"].settrace(self.before)

    def turn(self, origin: Any, target: Any) -> bool:
        """Take up the strand of the greenlet that runs now; say whether it was called, and control did not go back to it."""
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
        """Whether no step is open in any greenlet, and none has anything to come back to."""
        return not self.strand.steps and self.strand.base[1] is None and not self._suspended


class Threads(threading.local):
    """This thread's state."""

    def __init__(self, told: Callable[[str, Any], None]) -> None:
        self.state = ThreadState(told)


_NONE: Final = Strand()
_nobody: Final[Callable[[], Any]] = lambda: None  # noqa: E731


def has_hub() -> bool:
    """Tell whether gevent or eventlet is at work in this thread: imported alone, as sentry-sdk does, they change nothing."""
    loaded = sys.modules.get
    find_hub = getattr(loaded("gevent._hub_local"), "get_hub_if_exists", lambda: None)
    eventlets = getattr(loaded("eventlet.hubs"), "_threadlocal", None)
    is_patched = getattr(loaded("gevent.monkey"), "saved", None) or getattr(
        loaded("eventlet.patcher"), "already_patched", None
    )
    return bool(is_patched) or find_hub() is not None or hasattr(eventlets, "hub")

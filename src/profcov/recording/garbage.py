"""Whether the garbage collector runs, and in this thread: what it runs belongs to no unit.

The interpreter swallows exceptions in a callback of the collector, and handles a signal that arrived during a collection in
the first Python code after it: in a callback written in Python, a job's time limit would be lost. So both callbacks are
implemented in C, as attribute look-ups: ``getattr(object, "start", info)`` and ``getattr(object, "stop", info)``.
"""

from __future__ import annotations

import gc
import sys
import threading
from functools import partial
from operator import attrgetter, methodcaller
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable


class _Somewhere(list[bool]):
    start = property(methodcaller("append", True))  # noqa: FBT003 (an argument of `append`)
    stop = property(list.clear)


def _find_thread_local() -> Any:
    """Return the class of thread-local data, even if ``threading.local`` is a greenlet's by now."""
    monkey, patcher = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    if hasattr(monkey, "get_original"):
        return monkey.get_original("threading", "local")  # type: ignore[union-attr]
    if hasattr(patcher, "original"):
        return patcher.original("threading").local  # type: ignore[union-attr]
    return threading.local


class _Here(_find_thread_local()):  # type: ignore[misc]
    is_on = False
    start = property(methodcaller("__setattr__", "is_on", True))  # noqa: FBT003
    stop = property(methodcaller("__setattr__", "is_on", False))  # noqa: FBT003


class Pausing:
    """The functions, in C and without arguments, to call before and after a collection in a thread."""

    __slots__ = ("pause", "resume")

    def __init__(self) -> None:
        self.pause: Callable[[], object] = dict  # called without an argument, it does nothing
        self.resume: Callable[[], object] = dict

    start = property(methodcaller("pause"))
    stop = property(methodcaller("resume"))


class _PausingHere(_find_thread_local()):  # type: ignore[misc]
    pausing = Pausing()  # for threads where no engine has set anything; it stays as it is
    start = property(attrgetter("pausing.start"))
    stop = property(attrgetter("pausing.stop"))


_pausing_here: Final[Any] = _PausingHere()


def pausing_here() -> Pausing:
    """Return this thread's, for an engine that must be switched off; the engine keeps it, because the look-up is expensive."""
    own: Pausing = vars(_pausing_here).setdefault("pausing", Pausing())
    return own


somewhere: Final = _Somewhere()
"""Not empty while the collector runs in any thread: cheap to check."""
here: Final = _Here()
"""``is_on`` while it runs in this thread."""

_CALLBACKS: Final[tuple[Any, ...]] = (partial(getattr, here), partial(getattr, somewhere))
_PAUSE: Final = partial(getattr, _pausing_here)


def watch(*, pauses: bool) -> None:
    """Watch collections from now on, and pause an engine that must be switched off for them."""
    forget()
    gc.callbacks.extend((_PAUSE, *_CALLBACKS) if pauses else _CALLBACKS)


def forget() -> None:
    """Stop watching collections."""
    for callback in (_PAUSE, *_CALLBACKS):
        if callback in gc.callbacks:
            gc.callbacks.remove(callback)
    somewhere.clear()

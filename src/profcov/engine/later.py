"""Putting off: what takes locks of many kinds is done when its thread holds none of the inner ones.

The garbage collector may end a forgotten unit at any moment, and a signal may strike there: in a thread that writes for another
unit, or that is inside the engine with its lock held. Ending a unit takes the locks of its book, which another thread may hold
while it waits for the engine's.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from profcov.engine.faults import log_once, raise_foreign

if TYPE_CHECKING:
    from collections.abc import Callable


class _ThreadState(threading.local):
    def __init__(self) -> None:
        self.actions: deque[Callable[[], None]] = deque()
        self.is_busy = False
        self.held = 0


_thread = _ThreadState()


def do_or_put_off(action: Callable[[], None]) -> None:
    """Do what writes; never raise. Inside another such call of this thread, or an inner lock, it is put off until that is over."""
    _thread.actions.append(action)
    _do_all()


def forget_put_off() -> None:
    """Forget, in a forked child, what was put off in the thread that forked: it is the parent's."""
    _thread.actions.clear()


def _do_all() -> None:
    if _thread.is_busy or _thread.held:
        return
    _thread.is_busy = True
    try:
        while _thread.actions:
            try:
                _thread.actions.popleft()()
            except Exception as error:  # noqa: BLE001
                raise_foreign(error)
                log_once("write", "cannot write what was recorded", error=error)
    finally:
        _thread.is_busy = False


class InnerLock:
    """A lock that its holder may take again, and under which everything is put off."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def acquire(self, *, blocking: bool = True) -> bool:
        """Take the lock; tell whether it was taken."""
        _thread.held += 1
        if self._lock.acquire(blocking):
            return True
        _thread.held -= 1
        return False

    def release(self) -> None:
        """Give the lock back, and do what was put off if this was the last that the thread held."""
        self._lock.release()
        _thread.held -= 1
        if _thread.actions:
            _do_all()

    def __enter__(self) -> None:
        _thread.held += 1
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

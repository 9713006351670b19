"""A lock that no thread waits for longer than a second: its holder may be waiting for something that the waiter holds.

The garbage collector and signals run code of others in any thread, also in one that has a lock of ours. So what such a
lock guards must be correct without it, too: the lock only saves work from being done twice.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_WAIT_SECONDS: Final = 1.0
"""How long a thread waits for a lock of ours: its holder may be waiting for something that this thread holds."""


class BriefLock:
    """A lock that the same thread may take again, given up after ``MAX_WAIT_SECONDS``; new in a forked child."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _known.add(self)

    @contextlib.contextmanager
    def held(self) -> Iterator[bool]:
        """Hold the lock in this block, or do without it; yield whether it is held."""
        lock = self.take()
        try:
            yield lock is not None
        finally:
            if lock is not None:
                lock.release()

    def take(self) -> Any:
        """Take the lock and return what must be released, or None after a second; from then on no thread waits for that holder."""
        lock = self._lock
        if lock.acquire(timeout=MAX_WAIT_SECONDS):
            return lock
        self.renew()
        return None

    def renew(self) -> None:
        """Forget the holder of the lock."""
        self._lock = threading.RLock()


_known: Final[weakref.WeakSet[BriefLock]] = weakref.WeakSet()


def _renew_all() -> None:
    for lock in list(_known):
        lock.renew()


os.register_at_fork(after_in_child=_renew_all)

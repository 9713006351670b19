"""Interrupts that wait: Ctrl-C and SIGTERM must not come between starting a process and knowing of it."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def hold_interrupts() -> Iterator[Callable[[], None]]:
    """Hold interrupts off; yield a function that lets them through, to call where an interrupted caller cleans up.

    Does nothing outside the main thread, which is where Python's signal handlers run.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    came: list[int] = []
    held: dict[int, Any] = {}

    def release() -> None:
        while held:
            signal.signal(*held.popitem())
        while came:
            signal.raise_signal(came.pop())

    for number in _NUMBERS:
        # None, which cannot be put back, is a handler that was not Python's.
        held[number] = signal.signal(number, lambda number, _: came.append(number)) or signal.SIG_DFL
    try:
        yield release
    finally:
        release()

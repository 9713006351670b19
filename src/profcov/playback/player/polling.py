"""How playback waits: ask at once, then again after pauses that grow, until a time limit or a stop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIN_PAUSE_SECONDS: Final = 0.02
MAX_PAUSE_SECONDS: Final = 0.5
_GROWTH: Final = 1.5


class Stop(Protocol):
    """Whether playback is to stop, and the sleep that such a request interrupts: a ``threading.Event``."""

    def is_set(self) -> bool:
        """Return whether to stop."""

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep for ``timeout`` seconds, or until the stop; return whether it came."""


def tries(
    timeout: float,
    stop: Stop,
    *,
    interval: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Yield for each try: the first at once, the last when ``timeout`` seconds are over.

    Pauses grow from 20 to 500 ms, or are all ``interval`` seconds long. A stop ends the tries.
    """
    end = clock() + timeout
    pause = MIN_PAUSE_SECONDS if interval is None else interval
    while True:
        yield
        left = end - clock()
        if left <= 0 or stop.wait(min(pause, left)):
            return
        if interval is None:
            pause = min(pause * _GROWTH, MAX_PAUSE_SECONDS)

"""Deferring writes: a write is done when its thread is not already writing.

The garbage collector may end a forgotten unit at any moment, and a signal may strike: in a thread that is writing for another
unit, with locks held.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from profcov.recording.faults import log_once, raise_foreign

if TYPE_CHECKING:
    from collections.abc import Callable


class _ThreadState(threading.local):
    def __init__(self) -> None:
        self.actions: deque[Callable[[], None]] = deque()
        self.is_busy = False


_thread = _ThreadState()


def do_or_put_off(action: Callable[[], None]) -> None:
    """Run a function that writes; never raise. Inside another such call of this thread, defer it until that call is done."""
    _thread.actions.append(action)
    if _thread.is_busy:
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

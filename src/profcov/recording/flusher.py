"""The recorder's own thread: it writes every few seconds, and does work that no unit should wait for."""

from __future__ import annotations

import _thread
import time
import weakref
from typing import TYPE_CHECKING, Final

from profcov.recording.faults import log_once

if TYPE_CHECKING:
    from profcov.recording.recorder import Recorder

_LOOK_SECONDS: Final = 0.5


def start_flusher(recorder: Recorder) -> int:
    """Start the thread, which ends with the recorder; return its number."""
    # Not a threading.Thread, whose start waits until the thread runs: each RQ horse has one.
    return _thread.start_new_thread(_flush_periodically, (weakref.ref(recorder), recorder.settings.flush_seconds))


def _flush_periodically(recorder: weakref.ref[Recorder], seconds: float) -> None:
    flush_at = time.monotonic() + seconds
    while True:
        time.sleep(min(seconds, _LOOK_SECONDS))
        target = recorder()
        if target is None:
            return
        try:
            target.tidy()
            if time.monotonic() >= flush_at:
                flush_at = time.monotonic() + seconds
                target.flush_all()
                target.forget_books()
                if target.engine is not None:
                    target.engine.review()
        except Exception as error:  # noqa: BLE001 (the interpreter shuts down, say)
            log_once("tidy", "cannot do now what is done every few seconds", error=error)
        del target

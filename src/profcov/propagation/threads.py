"""Threads that a unit starts run under its slug, as units of their own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from profcov.context import current
from profcov.propagation.binding import carry

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.propagation.patches import Patches

# Threads that take work from a queue, other people's work: the library carries the context with each piece of it.
_QUEUE_FED = ("anyio.",)


def install(patches: Patches) -> None:
    """Let threads follow, timers among them."""
    patches.wrap(threading.Thread, "start", _start)


def _start(original: Callable[..., None], thread: threading.Thread) -> None:
    if current.get() is None or type(thread).__module__.startswith(_QUEUE_FED):
        original(thread)
        return
    state: Any = vars(thread)
    # A daemon may run for ever; for another the interpreter itself waits.
    step, end = carry(thread.run, may_run_for_ever=thread.daemon)

    def run() -> None:
        state.pop("run", None)  # or the thread and its function would keep each other alive
        step()

    state["run"] = run
    try:
        original(thread)
    except BaseException:
        state.pop("run", None)
        end()
        raise

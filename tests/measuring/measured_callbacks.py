"""A plugin of coverage.py for the suite's own coverage: the engine's callbacks are measured, too.

The interpreter switches tracing off while a callback of ``sys.monitoring`` runs, for all tools; :func:`sys.call_tracing` switches it on.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import coverage.control

if TYPE_CHECKING:
    from collections.abc import Callable


class Measured:
    """Call a callback with tracing on; those that this causes are called as ever."""

    inside = threading.local()

    def __init__(self, callback: Callable[..., Any]) -> None:
        self.callback = callback

    def __call__(self, *args: Any) -> Any:
        if getattr(self.inside, "is_so", False):
            return self.callback(*args)
        self.inside.is_so = True
        try:
            return sys.call_tracing(self.callback, args)
        finally:
            self.inside.is_so = False


def coverage_init(_: Any, __: Any) -> None:
    """Have profcov's callbacks registered so, but for those that look at their caller's frame.

    profcov asks a ``Coverage`` of its own which files are measured, and each new one would stop that which measures us from saving.
    """
    coverage.control._prevent_sub_process_measurement = lambda: None
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is None:
        return
    register = monitoring.register_callback

    def register_callback(tool: int, event: int, callback: Any) -> Any:
        ours = (getattr(callback, "__module__", None) or "").startswith("profcov.")
        looks = ours and "_getframe" in callback.__code__.co_names
        return register(tool, event, Measured(callback) if ours and not looks else callback)

    monitoring.register_callback = register_callback

"""Threads that a unit starts run under its slug, as units of their own that end with the thread.

The function that starts a thread is patched, below ``threading``: patches of others to ``Thread.start`` and ``run``, in classes
and in instances, work above it, and whatever ends the thread passes through it.
"""

from __future__ import annotations

import _thread
import threading
from types import MethodType
from typing import TYPE_CHECKING, Any

from profcov.recording.context import find_scope
from profcov.recording.faults import raise_foreign
from profcov.recording.propagation.binding import Handed

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.recording.propagation.patches import Patches

# Threads that take other code's work from a queue: the library carries the context with each piece of work, or we do.
# The last one is ours, which writes for all.
_UNFOLLOWED = ("aiosqlite.", "anyio.", "gevent._monitor", "gevent.threadpool", "profcov.")

# The last two are the names that ``threading`` calls: the former until 3.12, the latter since 3.13.
_NAMES = ("start_new_thread", "start_new", "start_joinable_thread", "_start_new_thread", "_start_joinable_thread")


def install(patches: Patches) -> None:
    """Let threads follow, timers among them, and those that ``_thread`` starts."""
    for module in (_thread, threading):
        for name in _NAMES:
            patches.wrap(module, name, _start)


def _start(original: Callable[..., Any], function: Any, /, *args: Any, **kwargs: Any) -> Any:
    scope = find_scope()
    if scope is None or not callable(function):
        return original(function, *args, **kwargs)
    thread = function.__self__ if type(function) is MethodType else None
    if _belongs_to_no_unit(function, thread):
        return original(function, *args, **kwargs)
    # A daemon may run for ever; the interpreter itself waits for other threads.
    is_waited_for = isinstance(thread, threading.Thread) and not thread.daemon
    step = Handed(function, scope, may_run_for_ever=not is_waited_for)
    try:
        return original(step, *args, **kwargs)
    except BaseException:
        del step  # the last reference: the unit ends, unless the thread has started
        raise


def _belongs_to_no_unit(function: Any, thread: Any) -> bool:
    """Return whether a thread belongs to no unit, by the module of its function, or of the thread whose method that is."""
    try:
        module = getattr(function, "__module__", None) if thread is None else type(thread).__module__
        target = getattr(getattr(thread, "_target", None), "__module__", None)
        return str(module).startswith(_UNFOLLOWED) or str(target).startswith(_UNFOLLOWED)
    except Exception as error:  # noqa: BLE001 (attributes may run code)
        raise_foreign(error)
        return False

"""Greenlets that a unit makes through gevent or eventlet run under its slug, and what it hands to eventlet's native threads.

A plain greenlet needs nothing: it belongs to the unit that switches to it, as a generator does.
"""

from __future__ import annotations

import contextvars
import sys
from typing import TYPE_CHECKING, Any

from profcov.recording.context import current, find_scope
from profcov.recording.faults import log_once
from profcov.recording.propagation.binding import Handed, unbound
from profcov.recording.propagation.on_import import when_imported
from profcov.recording.propagation.patches import INSTALLED
from profcov.recording.propagation.pools import follow_gevent
from profcov.recording.unit import adopt

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_installed: list[bool] = []


def install() -> None:
    """Let greenlets follow, if the application imports gevent or eventlet."""
    when_imported("gevent", _follow_gevent)
    when_imported("gevent.threadpool", lambda _: follow_gevent(INSTALLED))
    when_imported("eventlet.greenthread", _follow_eventlet)
    when_imported("eventlet.tpool", lambda module: INSTALLED.wrap_once(module, "execute", _hand_to_native_thread))


def uninstall() -> None:
    """Let new greenlets belong to no unit again."""
    if _installed:
        sys.modules["gevent"].Greenlet.remove_spawn_callback(_spawned)
        _installed.clear()


def _follow_gevent(gevent: Any) -> None:
    if not _installed:
        gevent.Greenlet.add_spawn_callback(_spawned)
        _installed.append(True)
    for module in (gevent, gevent.hub):
        INSTALLED.wrap_once(module, "spawn_raw", _spawn_raw)


def _follow_eventlet(greenthread: ModuleType) -> None:
    INSTALLED.wrap_once(greenthread, "_spawn_n", _spawn_n)
    INSTALLED.wrap_once(greenthread.GreenThread, "__init__", _make_green_thread)


def _spawned(greenlet: Any) -> None:
    """Give a greenlet of gevent a scope, and nothing else of the spawning context, because gevent passes no context."""
    scope = find_scope()
    if scope is None:
        return
    try:
        unit = adopt(scope, may_run_for_ever=True)
        context = greenlet.gr_context or contextvars.Context()
        context.run(current.set, unit.scope)
        greenlet.gr_context = context
        greenlet.link(lambda _: unit.end())
    except Exception as error:  # noqa: BLE001
        log_once("follow", "a greenlet cannot be followed", error=error)


def _spawn_raw(original: Callable[..., Any], function: Any, /, *args: Any, **kwargs: Any) -> Any:
    scope = find_scope()
    if scope is None or not callable(function):
        return original(function, *args, **kwargs)
    return original(Handed(function, scope, may_run_for_ever=True), *args, **kwargs)


def _spawn_n(original: Callable[..., Any], seconds: float, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    scope = find_scope()
    if scope is None:
        return original(seconds, function, *args, **kwargs)
    return original(seconds, Handed(function, scope, may_run_for_ever=True), *args, **kwargs)


def _make_green_thread(original: Callable[..., None], thread: Any, /, *args: Any, **kwargs: Any) -> None:
    scope = find_scope()
    if scope is None:
        original(thread, *args, **kwargs)
        return
    # It runs what it finds under this name.
    thread.main = Handed(thread.main, scope, may_run_for_ever=True)
    try:
        original(thread, *args, **kwargs)
    finally:
        del thread.main


def _hand_to_native_thread(original: Callable[..., Any], function: Any, /, *args: Any, **kwargs: Any) -> Any:
    scope = find_scope()
    if scope is None or not callable(function):
        return original(function, *args, **kwargs)
    step = Handed(function, scope)
    with unbound():  # it may start a thread of the pool
        return original(step, *args, **kwargs)

"""Greenlets that a unit spawns through gevent run under its slug."""

from __future__ import annotations

import contextvars
import sys
from typing import Any

from profcov.context import current
from profcov.engine.faults import log_once
from profcov.unit import adopt

_installed: list[bool] = []


def install() -> None:
    """Let greenlets follow, where the application has imported gevent; a second call changes nothing."""
    gevent: Any = sys.modules.get("gevent")
    if gevent is not None and not _installed:
        gevent.Greenlet.add_spawn_callback(_spawned)
        _installed.append(True)


def uninstall() -> None:
    """Let new greenlets be nobody's again."""
    if _installed:
        sys.modules["gevent"].Greenlet.remove_spawn_callback(_spawned)
        _installed.clear()


def _spawned(greenlet: Any) -> None:
    """Give a greenlet the scope of whoever spawns it, and nothing else of its context: gevent gives it none."""
    scope = current.get()
    if scope is None:
        return
    try:
        context = greenlet.gr_context or contextvars.Context()
        context.run(current.set, scope)
        greenlet.gr_context = context
        unit = adopt(scope, may_run_for_ever=True)
        greenlet.link(lambda _: unit.end())
    except Exception as error:  # noqa: BLE001
        log_once("follow", "a greenlet cannot be followed", error=error)

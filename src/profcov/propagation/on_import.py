"""Doing something to a module of somebody else's once it is imported, and never importing it ourselves."""

from __future__ import annotations

import importlib.util
import sys
import threading
from typing import TYPE_CHECKING, Any

from profcov.engine.faults import log_once, raise_foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    Callback = Callable[[ModuleType], None]

_lock = threading.RLock()
_waiting: dict[str, list[Callback]] = {}
_searching = threading.local()


def when_imported(name: str, callback: Callback) -> None:
    """Call ``callback(module)`` right after a module has been imported for the first time; now if it has been.

    A module that is being imported at this moment, by somebody who looked for it before the first call of this function,
    goes unnoticed. What the callback raises is logged, never raised: somebody's import statement is running.
    """
    with _lock:
        if _FINDER not in sys.meta_path:
            sys.meta_path.insert(0, _FINDER)
        module = sys.modules.get(name)
        # One that is being imported by another thread is there, too, half filled.
        if module is None or getattr(module.__spec__, "_initializing", False):
            _waiting.setdefault(name, []).append(callback)
            return
    _call(callback, module)


def forget() -> None:
    """Call nobody any more."""
    with _lock:
        _waiting.clear()
        if _FINDER in sys.meta_path:
            sys.meta_path.remove(_FINDER)


class _Finder:
    """Finds nothing by itself: it lets the others find the modules that are waited for, and watches them load."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 (the import system's signature)
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname not in _waiting or fullname in vars(_searching):
            return None
        vars(_searching)[fullname] = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            del vars(_searching)[fullname]
        if spec is not None and spec.loader is not None:
            _watch(spec.loader)
        return spec


_FINDER = _Finder()


def _watch(loader: Any) -> None:
    """Have our callbacks called after a loader has run the module; the loader stays the object that it was."""
    original = getattr(loader, "exec_module", None)
    if original is None or "exec_module" in getattr(loader, "__dict__", {"exec_module"}):
        return  # built-in loaders are classes; one that is watched already serves a whole archive

    def exec_module(module: ModuleType) -> None:
        original(module)
        with _lock:
            callbacks = _waiting.pop(module.__name__, [])
        for callback in callbacks:
            _call(callback, module)

    loader.exec_module = exec_module


def _call(callback: Callback, module: ModuleType) -> None:
    try:
        callback(module)
    except Exception as error:  # noqa: BLE001
        raise_foreign(error)
        log_once("on-import", "cannot prepare %s", module.__name__, error=error)

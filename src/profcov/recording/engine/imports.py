"""Import-time code belongs to no profile: while the import system runs inside a unit, the unit is switched off.

A module is imported once in a process, by whichever profile comes first: its import-time lines would make the
artifacts depend on the order of requests.
"""

from __future__ import annotations

import importlib._bootstrap as bootstrap
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any, Final

from profcov.recording.context import find_scope
from profcov.recording.engine.eager import load_lazy
from profcov.recording.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.recording.engine.base import Engine

_FILE: Final = ModuleSpec.__init__.__code__.co_filename

# `_find_and_load` is what the import statement, `__import__` and `importlib.import_module` call for a module that is
# not loaded yet, and never for one that is; `_exec` is what `importlib.reload` calls.
_HOOKED: Final = ("_find_and_load", "_exec")


class _Hook:
    """One of our functions in the import system; if other code has replaced it since, it stays, and does nothing."""

    def __init__(self, name: str, engine: Engine) -> None:
        self.name = name
        self.engine: Engine | None = engine
        self.original: Callable[..., Any] = getattr(bootstrap, name)
        self.ours = _silenced(self)

    def remove(self) -> None:
        self.engine = None
        if getattr(bootstrap, self.name, None) is self.ours:
            setattr(bootstrap, self.name, self.original)


_hooks: dict[str, _Hook] = {}


def install(engine: Engine) -> None:
    """Switch units off inside the import system from now on; a second call changes nothing.

    It takes no lock: of two threads that call it at once, one hooks.
    """
    load_lazy()
    for name in _HOOKED:
        hook = _Hook(name, engine) if name not in _hooks and hasattr(bootstrap, name) else None
        if hook is not None and _hooks.setdefault(name, hook) is hook:
            setattr(bootstrap, name, hook.ours)


def uninstall() -> None:
    """Put the import system back as it was, except for hooks of others before ours."""
    while _hooks:
        _hooks.popitem()[1].remove()


def _silenced(hook: _Hook) -> Callable[..., Any]:
    original, get_scope, is_reload = hook.original, find_scope, hook.name == "_exec"

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        engine = hook.engine
        if engine is None:
            return original(*args, **kwargs)
        if is_reload:  # its module exists already, and other threads may call new code in it before this returns
            engine.sources.look_again(args[-1] if args else None)
        if get_scope() is None:
            module = original(*args, **kwargs)
        else:
            with Step(engine, None):
                module = original(*args, **kwargs)
        engine.sources.look_again(module)
        return module

    # The interpreter cuts the import system's frames out of tracebacks, by file name: let it cut this one, too.
    wrapper.__code__ = wrapper.__code__.replace(co_filename=_FILE)
    return wrapper

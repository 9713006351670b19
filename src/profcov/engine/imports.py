"""Import-time code is nobody's: while the import system runs inside a unit, the unit is switched off.

A module is imported once in a process, by whichever profile comes first: its import-time lines would make the
artifacts depend on the order of requests.
"""

from __future__ import annotations

import importlib._bootstrap as bootstrap
from typing import TYPE_CHECKING, Any

from profcov.context import current
from profcov.engine.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.engine.base import Engine

_originals: dict[str, Callable[..., Any]] = {}

# `_find_and_load` is what the import statement, `__import__` and `importlib.import_module` call for a module that is
# not loaded yet, and never for one that is; `_exec` is what `importlib.reload` calls.
_HOOKED = ("_find_and_load", "_exec")


def install(engine: Engine) -> None:
    """Switch units off inside the import system from now on; a second call changes nothing.

    Without a lock: of two threads that come at once, each hooks the original.
    """
    for name in _HOOKED:
        original = getattr(bootstrap, name, None)
        if original is not None and _originals.setdefault(name, original) is original:
            setattr(bootstrap, name, _silenced(original, engine))


def uninstall() -> None:
    """Put the import system back as it was."""
    for name, original in list(_originals.items()):
        setattr(bootstrap, name, original)
        _originals.pop(name, None)


def _silenced(original: Callable[..., Any], engine: Engine) -> Callable[..., Any]:
    look_again = engine.sources.look_again
    is_reload = original.__name__ == "_exec"

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if is_reload:  # its module is there already, and others may call what is new in it before this returns
            look_again(args[-1])
        if current.get() is None:
            module = original(*args, **kwargs)
        else:
            with Step(engine, None):
                module = original(*args, **kwargs)
        look_again(module)
        return module

    # The interpreter cuts the import system's frames out of tracebacks, by file name: let it cut this one, too.
    wrapper.__code__ = wrapper.__code__.replace(co_filename=original.__code__.co_filename)
    return wrapper

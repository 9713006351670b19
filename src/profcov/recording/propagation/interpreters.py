"""Subinterpreters of the process (Python 3.14): what a unit runs there is not followed, and its artifact is partial."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from profcov.reasons import UNFOLLOWED
from profcov.recording.context import find_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.recording.propagation.patches import Patches


def install(patches: Patches) -> None:
    """Note when a unit runs something in another interpreter; do nothing if Python has none."""
    with contextlib.suppress(ImportError):
        import _interpreters  # type: ignore[import-not-found]  # noqa: PLC0415

        for name in ("call", "exec", "run_func", "run_string"):
            patches.wrap(_interpreters, name, _run)


def has_interpreters(pool: Any) -> bool:
    """Return whether a pool's threads have their own interpreters: a step of ours cannot be handed there."""
    module = sys.modules.get("concurrent.futures.interpreter")
    return module is not None and isinstance(pool, module.InterpreterPoolExecutor)


def note_unfollowed() -> None:
    """Note that work of the current unit goes where it is not followed."""
    scope = find_scope()
    if scope is not None:
        scope.book.miss(UNFOLLOWED)


def _run(original: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    note_unfollowed()
    return original(*args, **kwargs)

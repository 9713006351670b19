"""A coroutine under an engine that must be switched on and off: each resumption is a step."""

from __future__ import annotations

import collections.abc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from profcov.context import Scope
    from profcov.engine.base import Engine


class StepCoroutine(collections.abc.Coroutine[Any, Any, Any]):
    """Drives a coroutine; each resumption is a step of the scope."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], scope: Scope, engine: Engine) -> None:
        self._coroutine = coroutine
        self._scope = scope
        self._engine = engine
        self.__name__ = getattr(coroutine, "__name__", type(coroutine).__name__)
        self.__qualname__ = getattr(coroutine, "__qualname__", type(coroutine).__qualname__)

    def _on(self) -> Any:
        return self._engine.enter(self._scope)

    def _off(self, handle: Any) -> None:
        self._engine.leave(handle)

    def send(self, value: Any) -> Any:
        """Resume with a value."""
        handle = self._on()
        try:
            return self._coroutine.send(value)
        finally:
            self._off(handle)

    def throw(self, *exception: Any) -> Any:
        """Resume with an exception."""
        handle = self._on()
        try:
            return self._coroutine.throw(*exception)
        finally:
            self._off(handle)

    def close(self) -> None:
        """Close it."""
        handle = self._on()
        try:
            self._coroutine.close()
        finally:
            self._off(handle)

    def __await__(self) -> StepCoroutine:
        return self

    def __iter__(self) -> StepCoroutine:
        return self

    def __next__(self) -> Any:
        return self.send(None)

    # asyncio and inspect read these, in `Task.__repr__` and `Task.get_stack` among others.
    @property
    def cr_frame(self) -> Any:
        """The driven coroutine's frame."""
        return getattr(self._coroutine, "cr_frame", None)

    @property
    def cr_code(self) -> Any:
        """The driven coroutine's code."""
        return getattr(self._coroutine, "cr_code", None)

    @property
    def cr_running(self) -> bool:
        """Whether it runs right now."""
        return bool(getattr(self._coroutine, "cr_running", False))

    @property
    def cr_await(self) -> Any:
        """What it waits for."""
        return getattr(self._coroutine, "cr_await", None)

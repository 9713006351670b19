"""A coroutine under an engine that must be switched on and off: each resumption is a step."""

from __future__ import annotations

import collections.abc
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from profcov.recording.engine.base import Engine
    from profcov.recording.scope import NoUnit, Scope


class StepCoroutine(collections.abc.Coroutine[Any, Any, Any]):
    """Drive a coroutine; each resumption is a step of the scope."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], scope: Scope | NoUnit | None, engine: Engine) -> None:
        self._coroutine = coroutine
        self._scope = scope
        self._engine = engine

    def _on(self) -> object:
        return self._engine.enter(self._scope)

    def _off(self, handle: object) -> None:
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

    def __getattr__(self, name: str) -> Any:
        """Return the driven coroutine's own: its frame, or whether it is suspended, as anyio does to cancel it."""
        return getattr(self._coroutine, name)

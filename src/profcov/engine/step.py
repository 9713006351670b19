"""One step of a unit of work: the context variable and the engine, switched together and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from profcov.context import current
from profcov.engine.faults import is_foreign, log_once, raise_foreign

if TYPE_CHECKING:
    from contextvars import Token

    from profcov.context import Scope
    from profcov.engine.base import Engine


class Step:
    """Run a ``with`` block under a scope, on this thread and in this context; under no scope if it is None.

    Never raises anything of its own: a step that cannot be switched on or off leaves the block unmeasured.
    """

    __slots__ = ("_engine", "_handle", "_scope", "_token")

    def __init__(self, engine: Engine, scope: Scope | None) -> None:
        self._engine = engine
        self._scope = scope

    def __enter__(self) -> None:
        self._token: Token[Scope | None] = current.set(self._scope)
        self._handle: Any = None
        try:
            self._handle = self._engine.enter(self._scope)
        except RecursionError:  # there is no room to say so either
            pass
        except Exception as error:
            if is_foreign(error):
                current.reset(self._token)
                raise
            log_once("engine-step", "cannot start measuring a step", error=error)

    def __exit__(self, *exc_info: object) -> None:
        try:
            self._engine.leave(self._handle)
        except RecursionError:
            pass
        except Exception as error:  # noqa: BLE001
            raise_foreign(error)
            log_once("engine-step", "cannot stop measuring a step", error=error)
        finally:
            # ValueError: a generator's or coroutine's last step, run by the garbage collector in another context.
            try:  # noqa: SIM105 (at the limit of recursion there is no room for a call of contextlib's)
                current.reset(self._token)
            except ValueError:
                pass

"""One step of a unit of work: the context variable and the engine, switched together and back."""

from __future__ import annotations

import contextlib
from collections import deque
from itertools import starmap
from operator import call
from typing import TYPE_CHECKING, Any, Final

from profcov.recording.context import Entered, current, find_task, steps_here
from profcov.recording.faults import is_foreign, log_once, raise_foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from profcov.recording.engine.base import Engine
    from profcov.recording.scope import NoUnit, Scope

# In one call into C: no signal strikes in between, and at the recursion limit there is no room for a Python call.
_at_once: Final[Callable[[Iterable[object]], None]] = deque[object](maxlen=0).extend


class Step(Entered):
    """Run a ``with`` block under a scope, on this thread and in this context; under no scope if it is None.

    It is also noted with the thread, the greenlet or the task: code in the block that runs in another context belongs to
    the scope, too. It never raises an error of its own: a step that cannot be switched on or off leaves the block unmeasured.
    """

    __slots__ = ("_engine", "_handle", "_undo")

    def __init__(self, engine: Engine, scope: Scope | NoUnit | None) -> None:
        super().__init__(scope)
        self._engine = engine
        self._handle: object = None
        self._undo: list[tuple[Any, ...]] = []

    def __enter__(self) -> None:
        try:
            self._undo.append((current.reset, current.set(self.scope)))
            self.task = find_task()
            steps = steps_here()
            self._undo.append((steps.pop, self, None))
            steps[self] = None
            self._handle = self._engine.enter(self.scope)
        except RecursionError:  # there is no room to log it either
            pass
        except BaseException as error:
            if is_foreign(error):
                _at_once(starmap(call, self._undo[::-1]))
                self._undo.clear()
                raise
            log_once("engine-step", "cannot start measuring a step", error=error)

    def __exit__(self, *exc_info: object) -> None:
        try:
            self._engine.leave(self._handle)
        except RecursionError:
            pass
        except Exception as error:  # noqa: BLE001
            with contextlib.suppress(Exception):
                self._engine.leave(self._handle)  # once more: an interruption may have come before the step was left
            raise_foreign(error)
            log_once("engine-step", "cannot stop measuring a step", error=error)
        finally:
            # ValueError: a generator's or coroutine's last step, run by the garbage collector in another context.
            try:
                _at_once(starmap(call, self._undo[::-1]))
            except ValueError:
                pass
            except RecursionError:  # Python 3.11 counts calls of C against the recursion limit, and these are three; what fitted before fits now
                for function, *args in self._undo[::-1]:
                    function(*args)
            self._undo.clear()  # it refers to the step: such a cycle would have to wait for the garbage collector

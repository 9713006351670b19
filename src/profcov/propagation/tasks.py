"""Tasks and callbacks of an event loop that a unit makes run under its slug.

A task's context carries the scope by itself; what is added is that readers wait for the task, and, for an engine
that must be switched on and off, that its steps are steps of the unit.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from profcov.context import current
from profcov.engine.faults import log_once
from profcov.engine.step import Step
from profcov.propagation.binding import carry
from profcov.propagation.patches import INSTALLED
from profcov.unit import adopt

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.unit import Unit


def follow(unit: Unit) -> None:
    """Let tasks, callbacks and worker threads of the running event loop follow units; never raises."""
    try:
        _follow(unit)
    except Exception as error:  # noqa: BLE001
        log_once("follow", "tasks made by requests cannot be followed", error=error)


def _follow(unit: Unit) -> None:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # trio
        return
    before = loop.get_task_factory()
    if not isinstance(before, TaskFactory):
        loop.set_task_factory(TaskFactory(before))
    if unit.capabilities.coroutine_blocks:
        return
    INSTALLED.wrap_once(asyncio.Handle, "_run", _run_callback)
    if "anyio" in sys.modules:
        _follow_anyio()


def _follow_anyio() -> None:
    import anyio._backends._asyncio as backend  # noqa: PLC0415 (only where the application uses anyio)

    INSTALLED.wrap_once(backend.AsyncIOBackend, "run_sync_in_worker_thread", _run_in_anyio_thread)


class TaskFactory:
    """Makes tasks that are units of their own if a unit makes them; others as they were made before."""

    def __init__(self, before: Any) -> None:
        self._before = before

    def __call__(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        """Make a task, as the event loop asks for one."""
        context = options.get("context")
        scope = current.get() if context is None else context.get(current)
        if scope is None:
            return self._make(loop, coroutine, options)
        unit = adopt(scope, may_run_for_ever=True)
        try:
            task = self._make(loop, scope.book.engine.drive(coroutine, scope), options)
        except BaseException:
            unit.end()
            raise
        task.add_done_callback(lambda _: unit.end())
        return task

    def _make(self, loop: asyncio.AbstractEventLoop, coroutine: Any, options: dict[str, Any]) -> Any:
        if self._before is not None:
            return self._before(loop, coroutine, **options)
        return asyncio.Task(coroutine, loop=loop, **options)


def _run_callback(original: Callable[..., None], handle: Any) -> None:
    """Run a callback of the event loop as a step: the engine does not see the context by itself."""
    scope = handle._context.get(current)  # noqa: SLF001
    if scope is None or _is_task_step(handle._callback):  # noqa: SLF001
        original(handle)
        return
    with Step(scope.book.engine, scope):
        original(handle)


def _is_task_step(callback: Any) -> bool:
    """Tell whether a callback resumes a task: its coroutine makes its own steps, from where its unit begins."""
    return type(callback).__name__ == "TaskStepMethWrapper" or isinstance(
        getattr(callback, "__self__", None), asyncio.Task
    )


async def _run_in_anyio_thread(original: Callable[..., Any], cls: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
    if current.get() is None:
        return await original(cls, function, *args, **kwargs)
    step = carry(function)
    try:
        return await original(cls, step, *args, **kwargs)
    finally:
        step.end()

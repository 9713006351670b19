"""Tasks and callbacks of an event loop that a unit makes run under its slug.

A task's context carries the scope by itself. In addition, readers wait for the task, and, for an engine that must
be switched on and off, its steps are steps of the unit.
"""

from __future__ import annotations

import asyncio
import functools
import weakref
from typing import TYPE_CHECKING, Any, Final

from profcov.recording import propagation
from profcov.recording.context import current, find_scope
from profcov.recording.engine.coroutine import StepCoroutine
from profcov.recording.faults import log_once, raise_foreign
from profcov.recording.propagation import trio_tasks
from profcov.recording.propagation.binding import Handed
from profcov.recording.propagation.callbacks import follow_loop, hand
from profcov.recording.propagation.on_import import when_imported
from profcov.recording.propagation.patches import INSTALLED
from profcov.recording.scope import NoUnit
from profcov.recording.step import Step
from profcov.recording.unit import adopt

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.recording.engine.base import Capabilities
    from profcov.recording.scope import Scope
    from profcov.recording.unit import Unit


def install() -> None:
    """Let tasks follow, in any event loop and thread; a second call changes nothing."""
    wrap(asyncio.BaseEventLoop, create_task=create_task, call_soon_threadsafe=call_from_thread)


def wrap(owner: type, **wrappers: Callable[..., Any]) -> None:
    """Patch methods."""
    for name, wrapper in wrappers.items():
        INSTALLED.wrap_once(owner, name, wrapper)


def follow(unit: Unit) -> None:
    """Let work follow that a unit hands to its own event loop; never raise."""
    try:
        _follow(unit)
    except Exception as error:  # noqa: BLE001
        log_once("follow", "tasks made by requests cannot be followed", error=error)


def _follow(unit: Unit) -> None:
    install()
    try:
        task = asyncio.current_task()
    except RuntimeError:
        trio_tasks.follow()
        return
    if task is not None:
        _hosts.add(task)
    follow_loop(asyncio.get_running_loop())
    _follow_callbacks(unit.capabilities)


_hosts: Final[weakref.WeakSet[Any]] = weakref.WeakSet()
"""Tasks older than the unit that they run: what they run belongs to the unit only while they wait for it."""


def _follow_callbacks(capabilities: Capabilities) -> None:
    """Let callbacks and anyio's worker threads follow, for an engine that does not see their context by itself."""
    if capabilities.coroutine_blocks or _prepared == [vars(asyncio.Handle)["_run"]]:
        return
    INSTALLED.wrap_once(asyncio.Handle, "_run", _run_callback)
    when_imported("anyio._backends._asyncio", _follow_anyio)  # which anyio imports on first use
    _prepared[:] = [vars(asyncio.Handle)["_run"]]


_prepared: list[Any] = []


def _follow_anyio(module: Any) -> None:
    if INSTALLED:  # where it was taken back meanwhile, it stays so
        wrap(module.AsyncIOBackend, run_sync_in_worker_thread=_run_in_anyio_thread)


def create_task(original: Callable[..., Any], loop: Any, coroutine: Any, /, **options: Any) -> Any:
    """Make a task, which is a unit of its own if a unit makes it."""
    context = options.get("context")
    given = current.get() if context is None else context.get(current)
    scope = (
        find_scope()
        if context is None
        else given
        if given is not None and type(given) is not NoUnit and given.holders
        else None
    )
    if scope is not None:
        return _create_unit(original, loop, coroutine, options, scope)
    if type(given) is NoUnit and given.blocks:
        task = original(loop, given.book.engine.drive(coroutine, given), **options)
        blocks, mine = given.blocks, id(task)
        blocks.add(mine)  # it still belongs to no unit when the block has ended
        task.add_done_callback(lambda _: blocks.discard(mine))
        return task
    return original(loop, coroutine, **options)


def _create_unit(original: Callable[..., Any], loop: Any, coroutine: Any, options: dict[str, Any], scope: Scope) -> Any:
    follow_loop(loop)
    _follow_callbacks(scope.book.engine.capabilities)
    has_context = options.get("context") is not None  # a custom task, without room for an attribute of ours
    unit = adopt(scope, may_run_for_ever=True, shares=has_context)
    unit.coroutine = coroutine
    token = None if has_context else current.set(unit.scope)
    try:
        task = original(loop, scope.book.engine.drive(coroutine, unit.scope or scope), **options)
    except BaseException:
        unit.end()
        raise
    finally:
        if token is not None:
            current.reset(token)
    task.add_done_callback(lambda _: unit.end())
    return task


def call_from_thread(original: Callable[..., Any], loop: Any, callback: Any, /, *args: Any, **options: Any) -> Any:
    """Let callbacks follow from now on: the loop may be one in which no unit runs."""
    scope = find_scope()
    if scope is not None:
        follow_loop(loop)
        _follow_callbacks(scope.book.engine.capabilities)
    return hand(functools.partial(original, loop), callback, *args, **options)


def _run_callback(original: Callable[..., None], handle: Any, /) -> None:
    """Run a callback of the event loop as a step: the engine does not see the context by itself."""
    scope = handle._context.get(current)  # noqa: SLF001
    if scope is None or not scope.holders or makes_own_steps(handle._callback):  # noqa: SLF001
        original(handle)
        return
    with Step(scope.book.engine, scope):
        original(handle)


def makes_own_steps(callback: Any) -> bool:
    """Return whether a callback resumes a task whose coroutine makes its own steps, or waits for a unit that does."""
    try:
        task = getattr(callback, "__self__", None)
        return isinstance(task, asyncio.Task) and (task in _hosts or isinstance(task.get_coro(), StepCoroutine))
    except Exception as error:  # noqa: BLE001 (its attributes may run code)
        raise_foreign(error)
        return False


async def _run_in_anyio_thread(
    original: Callable[..., Any], cls: Any, function: Any, /, *args: Any, **kwargs: Any
) -> Any:
    scope = find_scope()
    if scope is None:
        return await original(cls, function, *args, **kwargs)
    step = Handed(function, scope)
    try:
        return await original(cls, step, *args, **kwargs)
    finally:
        step.end()


propagation.follow_loop(asyncio)  # if this module is the first to import it, it was incomplete then

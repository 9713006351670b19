"""Callbacks of uvloop's loops: its handles and connections are implemented in C, and a thread's engine does not see their contexts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from profcov.reasons import UNFOLLOWED
from profcov.recording.context import current
from profcov.recording.faults import raise_foreign
from profcov.recording.propagation.binding import look_like
from profcov.recording.propagation.tasks import call_from_thread, create_task, makes_own_steps, wrap
from profcov.recording.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

_SECOND: Final = ("call_later", "call_at", "add_reader", "add_writer", "add_signal_handler")
"""They take a callback after a time, a file or a signal."""
_OPENERS: Final = (
    *("create_connection", "create_server", "create_unix_connection", "create_unix_server", "create_datagram_endpoint"),
    *("connect_accepted_socket", "connect_read_pipe", "connect_write_pipe", "subprocess_exec", "subprocess_shell"),
)
"""They take what makes a protocol."""
_CALLED: Final = (
    *("connection_made", "connection_lost", "pause_writing", "resume_writing", "data_received", "eof_received"),
    *("get_buffer", "buffer_updated", "datagram_received", "error_received"),
    *("pipe_data_received", "pipe_connection_lost", "process_exited"),
)
"""The methods of a protocol that are called."""


def install() -> None:
    """Let the tasks, callbacks and protocols of uvloop's loops follow; a second call changes nothing."""
    loop, base = sys.modules["uvloop"].Loop, sys.modules["uvloop.loop"].Loop
    for name in ("create_task", "call_soon_threadsafe", "call_soon", *_SECOND, *_OPENERS):
        if name not in vars(loop):
            setattr(loop, name, getattr(base, name))  # of C: only what inherits it can be patched
    wrap(loop, create_task=create_task, call_soon_threadsafe=call_from_thread, call_soon=_call)
    wrap(loop, **dict.fromkeys(_SECOND, _call_second), **dict.fromkeys(_OPENERS, _open))


def _call(original: Callable[..., Any], loop: Any, callback: Any, /, *args: Any, **options: Any) -> Any:
    return original(loop, _as_step(callback, options.get("context")), *args, **options)


def _call_second(
    original: Callable[..., Any], loop: Any, first: Any, callback: Any, /, *args: Any, **options: Any
) -> Any:
    return original(loop, first, _as_step(callback, options.get("context")), *args, **options)


def _as_step(callback: Any, context: Context | None) -> Any:
    """Return a callback that runs as a step of its context's scope, if the engine needs that."""
    scope = current.get() if context is None else context.get(current)
    if (
        scope is None
        or not scope.holders
        or scope.book.engine.capabilities.coroutine_blocks
        or makes_own_steps(callback)
    ):
        return callback

    def step(*args: Any) -> Any:
        if not scope.holders:  # called repeatedly for a connection or a signal: the unit has ended
            return callback(*args)
        with Step(scope.book.engine, scope):
            return callback(*args)

    look_like(step, callback)
    return step


def _open(original: Callable[..., Any], loop: Any, factory: Any, /, *args: Any, **options: Any) -> Any:
    """Open or serve connections; touch only a protocol whose methods are measured."""
    scope = current.get()
    if scope is None or scope.book.engine.capabilities.coroutine_blocks or not callable(factory):
        return original(loop, factory, *args, **options)

    def make() -> Any:
        protocol = _as_step(factory, None)()
        sources = scope.book.engine.sources
        for name in _CALLED:
            try:
                method = getattr(protocol, name, None)
                code = getattr(method, "__code__", None)
                if code is not None and sources.measured(code.co_filename, None) is not None:
                    setattr(protocol, name, _as_step(method, None))
            except Exception as error:  # noqa: BLE001 (it has slots, or runs code when it is asked)
                raise_foreign(error)
                scope.book.miss(UNFOLLOWED)
        return protocol

    look_like(make, factory)
    return original(loop, make, *args, **options)

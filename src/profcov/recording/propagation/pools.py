"""Work that a unit hands to a pool runs under its slug; the pool's own threads and processes belong to no unit."""

from __future__ import annotations

import concurrent.futures
import functools
import multiprocessing.pool
import sys
from typing import TYPE_CHECKING, Any, Final

from profcov.recording.context import find_scope
from profcov.recording.propagation.binding import Handed, unbound
from profcov.recording.propagation.callbacks import is_to_follow
from profcov.recording.propagation.interpreters import has_interpreters, note_unfollowed
from profcov.recording.propagation.processes import Carried

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.recording.propagation.patches import Patches

_CALLBACKS: Final = ("callback", "error_callback")


def install(patches: Patches) -> None:
    """Let work in pools of threads and of processes follow."""
    patches.wrap(concurrent.futures.ThreadPoolExecutor, "submit", _submit_to_threads)
    patches.wrap(concurrent.futures.ProcessPoolExecutor, "submit", _submit_to_processes)
    patches.wrap(concurrent.futures.Future, "add_done_callback", _add_done_callback)
    pool = multiprocessing.pool.Pool
    patches.wrap(pool, "__init__", _make_pool)
    patches.wrap(pool, "apply_async", functools.partial(_hand_with_callbacks, 2))
    patches.wrap(pool, "_map_async", functools.partial(_hand_with_callbacks, 3))
    for name in ("imap", "imap_unordered"):
        patches.wrap(pool, name, _hand_to_pool)


def follow_gevent(patches: Patches) -> None:
    """Let work in gevent's thread pools follow, including its executor's, if the application has imported them."""
    module: Any = sys.modules.get("gevent.threadpool")
    if module is not None:
        patches.wrap_once(module.ThreadPool, "spawn", _submit_to_threads)


def _submit_to_threads(original: Callable[..., Any], pool: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    scope = find_scope()
    if scope is None:
        return original(pool, function, *args, **kwargs)
    if has_interpreters(pool):
        note_unfollowed()
        with unbound():
            return original(pool, function, *args, **kwargs)
    step = Handed(function, scope)
    end = step.end
    try:
        with unbound():  # the submit may start a thread of the pool
            future = original(pool, step, *args, **kwargs)
    except BaseException:
        del step  # the last reference: the unit ends, unless the pool has another
        raise
    if hasattr(future, "add_done_callback"):  # a patch of others may return something else
        future.add_done_callback(lambda _: end())  # for work that is cancelled before it runs
    return future


def _submit_to_processes(original: Callable[..., Any], pool: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    scope = find_scope()
    if scope is None:
        return original(pool, function, *args, **kwargs)
    with unbound():
        return original(pool, Carried.by(scope, function), *args, **kwargs)


def _add_done_callback(original: Callable[..., Any], future: Any, callback: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Let a callback follow that the thread with the result calls after the work itself."""
    scope = find_scope()
    if scope is not None and is_to_follow(callback) and not future.done():
        callback = Handed(callback, scope, may_run_for_ever=True)
    return original(future, callback, *args, **kwargs)


def _make_pool(original: Callable[..., None], /, *args: Any, **kwargs: Any) -> None:
    with unbound():
        original(*args, **kwargs)


def _hand_to_pool(original: Callable[..., Any], pool: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    scope = find_scope()
    if scope is None:
        return original(pool, function, *args, **kwargs)
    return original(pool, Carried.by(scope, function), *args, **kwargs)


def _hand_with_callbacks(
    place: int, original: Callable[..., Any], pool: Any, function: Any, /, *args: Any, **kwargs: Any
) -> Any:
    """Hand work to a pool with its callbacks: the arguments after the function, from a position on."""
    given = dict(zip(_CALLBACKS, args[place:], strict=False))
    both = [{**given, **kwargs}.get(name) for name in _CALLBACKS]
    is_valid = len(args) <= place + len(_CALLBACKS) and not given.keys() & kwargs.keys()
    scope = find_scope()
    if scope is not None and any(each is not None for each in both) and is_valid:
        step = Handed(_call, scope, may_run_for_ever=True)  # one unit, because only one of them is called, and once
        args = args[:place]
        kwargs.update(zip(_CALLBACKS, (functools.partial(step, each) for each in both), strict=True))
    return _hand_to_pool(original, pool, function, *args, **kwargs)


def _call(callback: Callable[..., Any] | None, result: Any) -> None:
    if callback:  # as the pool itself asks
        callback(result)

"""Work that a unit hands over by a queue to a thread or task that no unit started.

Its unit is unknown there, so what it runs is missing: the artifact is partial, ``handed-over``. With
``PROFILE_COVERAGE_FOLLOW_QUEUES`` a thread or task that takes a measured function works for the unit that put it there, until it
asks that queue for the next item. This applies to functions only: a message and a new connection of a pool look alike.
"""

from __future__ import annotations

import os
import queue
import sys
import weakref
from _thread import get_ident
from collections import deque
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from profcov.reasons import HANDED_OVER
from profcov.recording.context import current, find_scope, find_task
from profcov.recording.faults import log_once, raise_foreign
from profcov.recording.propagation.binding import is_bound
from profcov.recording.propagation.marks import Mark, find_marks, marks_of
from profcov.recording.propagation.patches import INSTALLED
from profcov.recording.scope import NoUnit
from profcov.recording.step import Step
from profcov.recording.unit import adopt

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType

    from profcov.recording.book import Book
    from profcov.recording.propagation.patches import Patches
    from profcov.recording.scope import Scope
    from profcov.recording.unit import Unit

_libraries: Final = {queue.__file__, __file__, INSTALLED.wrap.__code__.co_filename}
_putting: Final[ContextVar[list[Mark] | None]] = ContextVar("profcov_putting", default=None)
"""From ``put`` to the method that stores the item: its mark."""
_taking: Final[ContextVar[list[Mark | None] | None]] = ContextVar("profcov_taking", default=None)
"""From the method that takes the item out of the store to ``get``: its mark. Empty if a subclass does it differently."""
_followed: Final[ContextVar[_Following | None]] = ContextVar("profcov_followed", default=None)


def install(patches: Patches) -> None:
    """Notice what goes through :class:`queue.Queue` and its subclasses."""
    patches.wrap(queue.Queue, "put", _put)
    patches.wrap(queue.Queue, "get", _get)
    _install_in_stores(patches, queue, "queue")


def install_in_asyncio(module: ModuleType) -> None:
    """Notice what goes through :class:`asyncio.Queue` and its subclasses."""
    _libraries.add(module.queues.__file__)
    INSTALLED.wrap_once(module.Queue, "put_nowait", _put)
    INSTALLED.wrap_once(module.Queue, "get", _ask)
    INSTALLED.wrap_once(module.Queue, "get_nowait", _get)
    _install_in_stores(INSTALLED, module, "_queue")


def _install_in_stores(patches: Patches, module: ModuleType, items: str) -> None:
    """Observe the order in which items are stored and taken out; that of a PriorityQueue is unknown."""
    for kind, end in ((module.Queue, deque.popleft), (module.LifoQueue, deque.pop)):
        patches.wrap_once(kind, "_put", partial(_store, items))
        patches.wrap_once(kind, "_get", partial(_take_out, items, end))


def _put(original: Callable[..., Any], queue: Any, item: Any, /, *args: Any, **kwargs: Any) -> Any:
    scope = find_scope()
    mark = None if scope is None else _make_mark(scope, queue, item)
    if mark is None and not _putting.get():
        return original(queue, item, *args, **kwargs)
    putting = [] if mark is None else [mark]
    token = _putting.set(putting)
    try:
        result = original(queue, item, *args, **kwargs)
    except BaseException:
        if mark is not None:
            mark.end()
        raise
    finally:
        _putting.reset(token)
    if putting:
        marks_of(queue).lose(putting.pop())
    return result


def _store(items: str, original: Callable[..., Any], queue: Any, item: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Note an item's unit when it is stored. The queue's lock is held: no other thread is at it, and nothing may be logged."""
    marks, putting = find_marks(queue), _putting.get()
    if putting or marks is not None:
        try:
            (marks or marks_of(queue)).add(item, putting, len(vars(queue)[items]))
        except Exception as error:  # noqa: BLE001
            raise_foreign(error)
    return original(queue, item, *args, **kwargs)


def _take_out(
    items: str, end: Callable[..., Any], original: Callable[..., Any], queue: Any, /, *args: Any, **kwargs: Any
) -> Any:
    """Hand the mark of an item to the ``get`` that takes it; the queue's lock is held, too."""
    marks, taking = find_marks(queue), _taking.get()
    place = mark = None
    try:
        place = None if marks is None else marks.pop(len(vars(queue)[items]), end)
    except Exception as error:  # noqa: BLE001
        raise_foreign(error)
    item = original(queue, *args, **kwargs)
    if marks is not None and place is not None:
        mark = marks.check(place, item)
        if mark is not None and taking is None:
            marks.lose(mark)
    if taking is not None:
        taking.append(mark)
    return item


def _get(original: Callable[..., Any], queue: Any, /, *args: Any, **kwargs: Any) -> Any:
    _finish(queue)
    taken: list[Mark | None] = []
    token = _taking.set(taken)
    try:
        item = original(queue, *args, **kwargs)
    finally:
        _taking.reset(token)
    try:
        _pass_on(queue, item, taken)
    except Exception as error:  # noqa: BLE001
        raise_foreign(error)
        log_once("hand-over", "cannot find the owner of an item of a queue", error=error)
    return item


def _ask(original: Callable[..., Any], queue: Any, /, *args: Any, **kwargs: Any) -> Any:
    _finish(queue)
    return original(queue, *args, **kwargs)


def _make_mark(scope: Scope, queue: Any, item: Any) -> Mark | None:
    """Return the mark of an item that a unit puts; None if the item carries its unit itself, or only comes back."""
    try:
        if is_bound(item):
            return None
        mark = Mark(scope.book, item)
        marks = find_marks(queue)
        if not mark.is_work and marks is not None and marks.comes_back(item):
            return None
        if mark.is_function and scope.book.settings.follow_queues and scope.book.engine.capabilities.coroutine_blocks:
            mark.follow(adopt(scope, may_run_for_ever=True))
    except Exception as error:  # noqa: BLE001
        raise_foreign(error)
        log_once("hand-over", "cannot find the owner of an item of a queue", error=error)
        return None
    return mark


def _pass_on(queue: Any, item: Any, taken: list[Mark | None]) -> None:
    """Make the taker of an item work for the unit that put it there, or make that unit's artifact partial."""
    scope, marks = find_scope(), find_marks(queue)
    mark = taken[0] if taken else None
    if marks is not None and not taken:
        marks.lose_all()
    others = scope is not None and item is not None and _is_others(scope, mark)
    if mark is not None and mark.unit is not None:
        if (scope is None or others) and mark.unit.scope is not None and not _is_callback():
            _followed.set(_Following(queue, mark.unit))
            return
        mark.end()
    if scope is not None and others:
        _part(queue, item, scope)
    if scope is not None and (mark is None or not mark.is_work):
        (marks or marks_of(queue)).lend(item)
    if mark is not None and _is_missing(mark.book, scope, is_work=mark.is_work):
        _tell(mark.book)
    lost = {} if marks is None else marks.lost
    for slug, (book, is_work) in dict(lost).items():
        if _is_missing(book, scope, is_work=is_work):
            lost.pop(slug, None)
            _tell(book)


def _is_others(scope: Scope, mark: Mark | None) -> bool:
    """Return whether a thread or task that a unit started, and that serves others by now, takes what another unit put there."""
    if mark is None:
        return scope.is_left
    return scope.is_handed_on and mark.book.slug != scope.book.slug


def _part(queue: Any, item: Any, scope: Scope) -> None:
    """Make the taker of a function of others work for no unit; for anything else that its own code takes, its unit is unknown."""
    if is_bound(item):
        return
    if Mark(scope.book, item).is_function and scope.book.engine.capabilities.coroutine_blocks and not _is_callback():
        _followed.set(_Following(queue, _Unowned(scope.book)))
    elif not _is_pool(queue) and _is_measured(sys._getframe(1), scope.book):  # noqa: SLF001
        _tell(scope.book)


def _is_pool(queue: Any) -> bool:
    """Return whether the last item put there is taken first: this is usual for connections, not for messages."""
    return any(kind.__name__ == "LifoQueue" for kind in type(queue).__mro__)


def _is_missing(book: Book, scope: Scope | None, *, is_work: bool) -> bool:
    """Return whether the taker of a unit's item runs work of the unit: what a library takes may be a log record."""
    if scope is not None:
        return is_work and scope.book.slug != book.slug
    return is_work or _is_measured(sys._getframe(1), book)  # noqa: SLF001


def _tell(book: Book) -> None:
    book.miss(HANDED_OVER)
    log_once(
        "handed-over",
        "a unit has handed work over by a queue, and it is not followed: wrap it in profcov.bind(), "
        "or, if it is a function, set PROFILE_COVERAGE_FOLLOW_QUEUES=1",
    )


class _Unowned:
    """The placeholder of a unit for work that belongs to none."""

    def __init__(self, book: Book) -> None:
        self.scope = NoUnit(book)

    def step(self) -> Step:
        return Step(self.scope.book.engine, self.scope)

    def end_with(self, owner: object) -> None:
        pass

    def end(self) -> None:
        self.scope.blocks.discard(0)


class _Following:
    """The work of a thread or task for a unit, from one item of a queue to the next; the unit also ends with the thread or task."""

    def __init__(self, queue: Any, unit: Unit | _Unowned) -> None:
        task = find_task()
        self._queue = weakref.ref(queue)
        self._thread = os.getpid(), get_ident()
        self._task = None if task is None else weakref.ref(task)
        self._unit = unit
        unit.end_with(self)
        if task is None:
            self._step = unit.step()
            self._step.__enter__()
        else:
            self._before = current.get()
            current.set(unit.scope)

    def is_asking(self, queue: Any) -> bool:
        """Return whether this very thread or task, not one with a copy of its context, asks the same queue."""
        followed = self._queue()
        if (followed is not None and followed is not queue) or self._thread != (os.getpid(), get_ident()):
            return False
        return find_task() is (None if self._task is None else self._task())

    def end(self) -> None:
        """Work for no unit again."""
        if self._task is None:
            self._step.__exit__()
        else:
            current.set(self._before)
        self._unit.end()


def _is_callback() -> bool:
    """Return whether an event loop is the caller, and none of its tasks: its next call belongs to others."""
    loop = getattr(sys.modules.get("asyncio"), "_get_running_loop", lambda: None)()
    return loop is not None and find_task() is None


def _finish(queue: Any) -> None:
    """End the work of this thread or task for a unit: it asks for the next item."""
    following = _followed.get()
    if following is not None and following.is_asking(queue):
        _followed.set(None)
        following.end()


def _is_measured(frame: FrameType | None, book: Book) -> bool:
    """Return whether the code that asked for an item is measured: otherwise it is a library's, such as a log handler."""
    while frame is not None and frame.f_code.co_filename in _libraries:
        frame = frame.f_back
    return frame is not None and book.engine.sources.measured(frame.f_code.co_filename, frame) is not None

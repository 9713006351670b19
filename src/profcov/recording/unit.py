"""A unit of work from its beginning to its end: its steps, its writes, and the readers that wait for it.

Everything here runs inside the application's server: no method raises, whatever goes wrong.
"""

from __future__ import annotations

import atexit
import collections.abc
import contextlib
import functools
import weakref
from threading import get_ident, get_native_id
from typing import TYPE_CHECKING, Any, Final, Literal

from profcov.recording.context import current, find_scope
from profcov.recording.faults import log_once, raise_foreign
from profcov.recording.later import do_or_put_off
from profcov.recording.lingering import linger
from profcov.recording.step import Step
from profcov.recording.work import UNNAMED
from profcov.store.jobs import enqueued
from profcov.wire.labels import name_job
from profcov.wire.statuses import TRACED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

    from profcov.recording.engine.base import Capabilities
    from profcov.recording.place import Place
    from profcov.recording.scope import Scope
    from profcov.slug import Slug
    from profcov.store.jobs import JobRun
    from profcov.wire.statuses import TraceStatus


class Refused:
    """A unit of work that is not recorded: ``status`` says why. A response may be given for it as for a unit."""

    __slots__ = ("slug", "status")

    traced: Literal[False] = False
    """Whether lines are recorded."""

    def __init__(self, status: TraceStatus, slug: Slug | None = None) -> None:
        self.status = status
        self.slug = slug
        """The slug whose lines are missing; None if it is not valid."""

    def flush(self) -> None:
        """Nothing is recorded."""

    def learn_label(self) -> None:
        """Nothing is recorded."""

    def end(self) -> None:
        """Do nothing: no unit has begun."""


class Unit:
    """One unit of work that is recorded."""

    __slots__ = (
        "__weakref__",
        "_engine",
        "_holder",
        "_is_adopted",
        "_open",
        "_place",
        "_trace",
        "book",
        "coroutine",
        "scope",
        "thread",
    )

    traced: Literal[True] = True
    """Whether lines are recorded."""
    status: Final = TRACED

    def __init__(self, scope: Scope, place: Place | None, *, is_adopted: bool = False, shares: bool = False) -> None:
        self.scope: Scope | None = scope
        """The scope of its steps; None once it has ended."""
        self.book = scope.book
        self._trace = scope.trace
        self._engine = scope.book.engine
        self._is_adopted = is_adopted
        self._holder = id(self) if shares else 0
        self._open = [None]  # one element to pop: popping is atomic, so a unit ends once
        self._place = [] if place is None else [place]  # popped likewise: it has one owner
        self.thread: tuple[int, int] | None = None
        """The thread of its last step: Python's id and the system's."""
        self.coroutine: Coroutine[Any, Any, Any] | None = None
        """The task that it runs, if it is one."""

    @property
    def capabilities(self) -> Capabilities:
        """The capabilities of the active engine."""
        return self._engine.capabilities

    def step(self) -> Step:
        """Return a context manager: its block belongs to the unit, on this thread."""
        if self._is_adopted:
            self.thread = get_ident(), get_native_id()
        return Step(self._engine, self.scope)

    def enter_for_good(self) -> None:
        """Make the rest of this thread belong to the unit, including what runs at exit, and write it when the process ends."""
        atexit.register(self.leave)
        self.step().__enter__()

    async def wait(self, work: Awaitable[Any]) -> Any:
        """Await work of the unit: every resumption of it is a step."""
        scope = self.scope
        coroutine = work if isinstance(work, collections.abc.Coroutine) else _await(work)
        token = current.set(scope)
        try:
            return await self._engine.drive(coroutine, scope)
        finally:
            # ValueError: closed by the garbage collector, in another context.
            with contextlib.suppress(ValueError):
                current.reset(token)

    def flush(self) -> None:
        """Write what was recorded and is not on disk yet, before others can know of the work."""
        if self._trace.has_news or self.book.pending.notes:
            do_or_put_off(functools.partial(self.book.flush, self._trace))

    def learn_label(self) -> None:
        """Find the context label if it is known by now: frameworks forget the route before the request is over."""
        if self._trace.label is None:
            do_or_put_off(functools.partial(self.book.learn_label, self._trace))

    def end_job(self, status: str) -> None:
        """Note the outcome of the unit's job; it is on disk after the next flush."""
        if self.scope is not None and self.scope.work.job is not None:
            self.scope.book.note_end(self.scope.work.job, status)

    def end(self) -> None:
        """End the unit: write what is left, and let readers in if it was the last; once, on any thread."""
        scope, self.scope = self.scope, None
        if scope is not None:
            scope.holders.discard(
                self._holder
            )  # first: whatever strikes, copies of the context belong to no unit from now on
            if not self._is_adopted and not scope.work.is_labelled:
                scope.work = UNNAMED  # continuing work refers to the scope, so drop the reference to the request
        self._leave(scope)

    def leave(self) -> None:
        """Write what is left, and no longer keep readers waiting; what runs from now on is still recorded."""
        self._leave(self.scope)

    def _leave(self, scope: Scope | None) -> None:
        try:
            self._open.pop()
        except IndexError:
            return
        _owned.pop(id(self), None)
        try:
            place = self._place.pop()
        except IndexError:  # readers were let in before, and may have consumed its generation
            do_or_put_off(self.book.flush_late)
        else:
            self._give_back(place, scope, label_is_final=not self._is_adopted)

    def _give_back(self, place: Place, scope: Scope | None, *, label_is_final: bool) -> None:
        is_over = scope is None or not scope.origin.is_quiet
        leave = functools.partial(self.book.leave, label_is_final=label_is_final, is_over=is_over)
        do_or_put_off(functools.partial(leave, self._trace, place))

    def end_with(self, owner: object) -> None:
        """End the unit once an object is dropped, unless it has ended by then; the recorder's own thread does so.

        It uses no finalizer: those run anywhere, whatever locks their thread holds, and exceptions of signal handlers in them are lost.
        """
        _owned[id(self)] = weakref.ref(owner), self

    @property
    def is_open(self) -> bool:
        """Whether the unit has not ended."""
        return bool(self._open)

    def let_readers_in(self) -> None:
        """No longer keep readers waiting; what runs from now on is still recorded."""
        with contextlib.suppress(IndexError):
            self._give_back(self._place.pop(), self.scope, label_is_final=False)


_owned: Final[dict[int, tuple[weakref.ref[object], Unit]]] = {}
"""Units that end with an object, and the object."""


def end_dropped() -> None:
    """End the units whose object was dropped; called every half a second."""
    for owner, unit in list(_owned.values()):
        if owner() is None:
            unit.end()


def forget_owned() -> None:
    """Forget, in a forked child, the parent's."""
    _owned.clear()


def note_enqueued(job_id: str, function: str, queue: str) -> None:
    """Note a job that the current unit creates; it is on disk after the unit's next flush."""
    scope = find_scope()
    if scope is not None:
        scope.book.pending.notes.append(enqueued(job_id, function, queue, _name_parent(scope)))


def note_job_run(run: JobRun, status: str) -> None:
    """Note the outcome of a job that was performed inside the current unit; it is on disk after the unit's next flush."""
    scope = find_scope()
    if scope is not None:
        scope.book.pending.notes.append(run.end(status))


def _name_parent(scope: Scope) -> str | None:
    """Return the job or request that a unit is; None for a block, and for a job's child process, which has only its label."""
    work = scope.work
    try:
        if work.is_labelled:
            ident = work.ident()
            return name_job(ident) if ident not in {"", scope.book.slug} else None
        return work.name() or work.address() or None
    except Exception as error:  # noqa: BLE001 (a framework's objects are asked)
        raise_foreign(error)
        return None


def adopt(scope: Scope, *, may_run_for_ever: bool = False, shares: bool = False) -> Unit:
    """Return a unit for work that a unit has started: readers wait for it, too, unless they have consumed the generation.

    For work that ``may_run_for_ever`` they wait as :mod:`profcov.recording.lingering` defines. It has its own scope, so neither
    keeps the other alive, unless it runs in a context that is not its own and ``shares`` the scope.
    """
    place, own = None, scope if shares else scope.renew()
    try:
        scope.book.engine.begin(own)
        place = scope.book.join()
    except Exception as error:  # noqa: BLE001
        raise_foreign(error)
        log_once("begin", "cannot begin to record", error=error)
    unit = Unit(own, place, is_adopted=True, shares=shares)
    if shares:
        own.holders.add(id(unit))
    if may_run_for_ever and place is not None:
        linger(unit)
    return unit


async def _await(work: Awaitable[Any]) -> Any:
    return await work

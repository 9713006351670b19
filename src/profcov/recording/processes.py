"""The recorders of this process: one per settings, and what happens to them when it ends or forks."""

from __future__ import annotations

import atexit
import os
from typing import TYPE_CHECKING, Any

from profcov.errors import ProfcovError
from profcov.recording.context import current, find_scope, forget_steps
from profcov.recording.faults import log_once
from profcov.recording.later import do_or_put_off
from profcov.recording.lingering import forget_lingering
from profcov.recording.recorder import Recorder
from profcov.recording.unit import forget_owned
from profcov.recording.work import Work, work_labelled
from profcov.settings import Settings, read_once
from profcov.store.shard import writing

if TYPE_CHECKING:
    from profcov.recording.book import Book
    from profcov.recording.scope import Scope

_recorders: dict[Settings, Recorder] = {}


def recorder_for(settings: Settings | None = None) -> Recorder:
    """Return the process's recorder for these settings, or for the environment's; never raise."""
    if settings is None:
        try:
            settings = read_once()
        except ProfcovError as error:
            log_once(error.code, "profcov stays off: %s", error)
            settings = Settings()
    recorder = _recorders.get(settings)
    if recorder is None:
        recorder = _recorders.setdefault(settings, Recorder(settings))
    return recorder


def list_books() -> list[Book]:
    """Return the books of this process, for all settings."""
    return [book for recorder in list(_recorders.values()) for book in recorder.list_books()]


def flush_everything() -> None:
    """Write everything that is not on disk yet, before the process ends or becomes another; never raise.

    Work in flight then does not count as dead: all that it ran is written.
    """
    for recorder in [each for each in list(_recorders.values()) if not each.is_unused]:
        recorder.flush_all(label_is_final=True)
        do_or_put_off(recorder.withdraw)


def go_on() -> None:
    """Note again what is in flight, after `exec` failed."""
    for recorder in list(_recorders.values()):
        recorder.presence.go_on()


_held_to_fork: list[Any] = []


def _before_fork() -> None:
    """Take the lock that the child may need: held by another thread, it would be held in the child for ever.

    If it is not released in time, the child makes a new one: its holder may be waiting for something that this thread holds.
    """
    lock = writing.take()
    if lock is not None:
        _held_to_fork.append(lock)


def _release_after_fork() -> None:
    while _held_to_fork:
        _held_to_fork.pop().release()


def _after_fork_in_child() -> None:
    """Start clean; a child forked inside a unit continues under its slug, as a unit of its own until it ends."""
    _release_after_fork()
    forget_lingering()
    forget_owned()
    scope = find_scope()
    for recorder in list(_recorders.values()):  # a finalizer may make one meanwhile
        recorder.after_fork()
    current.set(None)
    forget_steps()
    if scope is not None:
        unit = recorder_for(scope.book.settings).begin(scope.book.slug, _work_of_child(scope))
        if unit.traced:
            unit.enter_for_good()


def _work_of_child(scope: Scope) -> Work:
    """Return the work of a forked child's unit: it stays the same job's, but the child does not note the job's end."""
    work = scope.work
    if work.is_labelled:
        return Work(work.name, work.ident, is_labelled=True)
    return work_labelled(scope.trace.label)


atexit.register(flush_everything)
os.register_at_fork(before=_before_fork, after_in_parent=_release_after_fork, after_in_child=_after_fork_in_child)

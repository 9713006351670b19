"""What processes have noted in a data directory: which are at work, which died at work, and what is missing."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from profcov.reasons import LINES_UNWRITTEN, PROCESS_DIED, WORK_UNFINISHED
from profcov.slug import parse_slug
from profcov.store.flock import try_shared
from profcov.store.layout import state_dir
from profcov.store.presence import PROCESSES
from profcov.store.rows import IDLE, IN_FLIGHT, LINGERING, MISSING, UNWRITTEN, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from profcov.slug import Slug


_Row = tuple[int, float, str, "Slug", str]


@dataclass(frozen=True, slots=True)
class Holder:
    """What a process has noted of a slug, or had noted when it died; ``since`` in seconds since 1970.

    ``job`` is the id of its job, empty if it is not one. ``missing`` is the reason why the next
    artifact will be partial, as far as that is known; None for work in flight.
    """

    slug: Slug
    host: str
    pid: int
    since: float
    is_alive: bool
    job: str = ""
    missing: str | None = None
    is_awaited: bool = False
    """Whether readers wait for it: whether it is a unit of a living process."""


def list_holders(data_dir: Path) -> list[Holder]:
    """Return the processes with units in flight, or that died with some, by slug; nothing is changed.

    One for each process and slug, with ``since`` of the first of its units in flight.
    """
    first: dict[tuple[Slug, str, int, bool], Holder] = {}
    for each in list_notes(data_dir):
        if each.missing in {None, PROCESS_DIED}:
            key = each.slug, each.host, each.pid, each.is_alive
            if key not in first or each.since < first[key].since:
                first[key] = each
    return [first[key] for key in sorted(first)]


def list_notes(data_dir: Path) -> list[Holder]:
    """Return all that processes have noted, by slug, host, process and time; nothing is changed."""
    found = [_to_holder(path, is_alive, row) for path, fd, is_alive in _open_all(data_dir) for row in _read(fd)]
    return sorted(found, key=lambda each: (each.slug, each.host, each.pid, each.since))


def list_in_flight(data_dir: Path, slug: Slug) -> list[Holder]:
    """Return the units in flight of a slug that readers wait for."""
    return [each for each in list_notes(data_dir) if each.slug == slug and each.is_awaited]


def list_failed(data_dir: Path, slug: Slug) -> list[Holder]:
    """Return why an artifact of a slug is not complete: processes that died at work, could not write, or noted that something is missing."""
    return [each for each in list_notes(data_dir) if each.slug == slug and each.missing is not None]


def list_died(failed: Iterable[Holder]) -> list[Holder]:
    """Return the processes that died at work: one holder for each of their jobs, and one for work that was no job."""
    died: dict[tuple[str, int, str], Holder] = {}
    for each in failed:
        key = each.host, each.pid, each.job
        if not each.is_alive and each.missing == PROCESS_DIED and (key not in died or each.since < died[key].since):
            died[key] = each
    at_jobs = {(host, pid) for host, pid, job in died if job}
    return [each for (host, pid, job), each in sorted(died.items()) if job or (host, pid) not in at_jobs]


def forget_failed(data_dir: Path, failed: Iterable[Holder]) -> None:
    """Forget notes that were taken into account, but not newer ones; and dead processes without other notes."""
    known = {(each.host, each.pid, each.slug, each.since, each.missing) for each in failed}
    for path, fd, is_alive in _open_all(data_dir):
        left = 0
        for row in _read(fd):
            each = _to_holder(path, is_alive, row)
            is_known = (each.host, each.pid, each.slug, each.since, each.missing) in known
            if is_known and not (is_alive and row[2] in {IN_FLIGHT, LINGERING}):
                os.pwrite(fd, IDLE, row[0])
            else:
                left += 1
        if not is_alive and not left:
            path.unlink(missing_ok=True)


def _to_holder(path: Path, is_alive: bool, row: _Row) -> Holder:  # noqa: FBT001 (named by its type)
    host, pid, _ = path.name.rsplit(".", 2)
    _, since, kind, slug, text = row
    if kind == MISSING:
        return Holder(slug, host, int(pid), since, is_alive, missing=text)
    job = "" if kind == UNWRITTEN else text
    missing = {UNWRITTEN: LINES_UNWRITTEN, LINGERING: WORK_UNFINISHED}.get(kind) if is_alive else PROCESS_DIED
    return Holder(slug, host, int(pid), since, is_alive, job, missing, is_awaited=is_alive and kind == IN_FLIGHT)


def _open_all(data_dir: Path) -> Iterator[tuple[Path, int, bool]]:
    """Yield each process's file, open to read and write, and whether the process lives."""
    directory = state_dir(data_dir) / PROCESSES
    try:
        names = [] if directory.is_symlink() else sorted(os.listdir(directory))  # noqa: PTH208
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        if name.startswith(".") or not name.rsplit(".", 2)[1:2] or not name.rsplit(".", 2)[1].isdigit():
            continue
        try:
            fd = os.open(directory / name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            yield directory / name, fd, not try_shared(fd)  # a process that lives has its file's lock
        finally:
            os.close(fd)


def _read(fd: int) -> list[_Row]:
    """Return place, time, kind, slug and text of each row in use; leave out one without a valid slug."""
    rows = []
    for place, since, kind, slug, text in read_rows(fd):
        with contextlib.suppress(ValueError):  # InvalidSlugError is one
            rows.append((place, since, kind, parse_slug(slug), text))
    return rows

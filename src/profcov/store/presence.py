"""Which processes are at work for which slugs: what tells, after a kill, that units of work were in flight.

Each process that records has a file ``processes/<host>.<pid>.<n>`` in the data directory, locked for as long as it lives.
It has a line of fixed width for each slug: since when units are in flight, or have ended and could not be written, in
seconds since 1970, or 0; the slug; and the id of the job that the latest of them is, if it is one.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from profcov.slug import parse_slug
from profcov.store.files import PRIVATE, create_private, make_directory, make_own_directory
from profcov.store.layout import host_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from profcov.slug import Slug

PROCESSES: Final = "processes"
_TIME: Final = 14
_NAME: Final = 100
"""How long a slug may be; a job's id that is longer, or not ASCII, is left out."""
_WIDTH: Final = _TIME + 1 + _NAME + 1 + _NAME + 1
_IDLE: Final = b"0".ljust(_TIME)


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has, or had when it died, units in flight for a slug; ``since`` in seconds since 1970.

    ``job`` is the id of the job that it is or was at, empty if there is none.
    """

    slug: Slug
    host: str
    pid: int
    since: float
    is_alive: bool
    job: str = ""


class Presence:
    """This process's file in a data directory; made when it first has a unit in flight."""

    def __init__(self, data_dir: Path, umask: int = PRIVATE) -> None:
        self._directory = data_dir / PROCESSES
        self._umask = umask
        self._mutex = threading.RLock()
        self._fd = -1
        self._path = self._directory
        self._lines: dict[str, int] = {}

    def begin(self, slug: Slug, job: str = "") -> None:
        """Note that units of a slug are in flight from now on, and which ``job`` the latest is.

        Raises:
            OSError: it cannot be noted.
        """
        with self._mutex:
            if self._fd < 0 or not os.fstat(self._fd).st_nlink:  # removed, with its directory, say
                self._open()
            shown = job if len(job) <= _NAME and job.isascii() and job.isprintable() else ""
            row = f"{time.time():{_TIME}.3f} {slug:{_NAME}} {shown:{_NAME}}\n".encode("ascii")
            line = self._lines.get(slug, len(self._lines))
            if os.pwrite(self._fd, row, line * _WIDTH) < _WIDTH:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._lines[slug] = line

    def end(self, slug: Slug) -> None:
        """Note that none is in flight any more.

        Raises:
            OSError: it cannot be noted.
        """
        with self._mutex:
            line = self._lines.get(slug)
            if self._fd >= 0 and line is not None:
                os.pwrite(self._fd, _IDLE, line * _WIDTH)

    def withdraw(self) -> None:
        """Remove the file: the process ends, with everything written. It is made again if that is not so."""
        with self._mutex, contextlib.suppress(OSError):
            if self._fd >= 0 and os.fstat(self._fd).st_nlink:
                self._path.unlink(missing_ok=True)
        self.abandon()

    def abandon(self) -> None:
        """Let go, in a forked child, of the parent's file: its lock ends when no process has it open."""
        with contextlib.suppress(OSError):
            if self._fd >= 0:
                os.close(self._fd)
        self._fd = -1

    def _open(self) -> None:
        self.abandon()
        self._lines = {}
        make_directory(self._directory.parent, self._umask)
        make_own_directory(self._directory, self._umask)
        name = f"{host_name()}.{os.getpid()}.{secrets.randbelow(10**15)}"
        unfinished = self._directory / f".{name}"
        fd = create_private(unfinished, self._umask)
        try:
            # Locked before it has its name: who finds it unlocked takes its process for dead.
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unfinished.rename(self._directory / name)
        except BaseException:
            os.close(fd)
            raise
        self._fd, self._path = fd, self._directory / name


def list_holders(data_dir: Path) -> list[Holder]:
    """Return the processes with units in flight, or that died with some, by slug; nothing is changed."""
    found = []
    for path, fd, is_alive in _open_all(data_dir):
        host, pid, _ = path.name.rsplit(".", 2)
        found += [Holder(slug, host, int(pid), since, is_alive, job) for _, since, slug, job in _read(fd) if since]
    return sorted(found, key=lambda holder: (holder.slug, holder.host, holder.pid))


def list_failed(data_dir: Path, slug: Slug) -> list[Holder]:
    """Return the processes that have not written all that they ran for a slug: they died, or could not write.

    The caller holds the slug's exclusive lock: nobody is at work for it.
    """
    return [each for each in list_holders(data_dir) if each.slug == slug]


def forget_failed(data_dir: Path, slug: Slug) -> None:
    """Forget the processes that have not written all of a slug; the caller holds the slug's exclusive lock."""
    for path, fd, is_alive in _open_all(data_dir):
        rows = _read(fd)
        for number, since, name, _ in rows:
            if name == slug and since:
                os.pwrite(fd, _IDLE, number * _WIDTH)
        if not is_alive and all(name == slug or not since for _, since, name, _ in rows):
            path.unlink(missing_ok=True)


def _open_all(data_dir: Path) -> Iterator[tuple[Path, int, bool]]:
    """Yield each process's file, open to read and write, and whether the process lives."""
    directory = data_dir / PROCESSES
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
            yield directory / name, fd, _is_locked(fd)
        finally:
            os.close(fd)


def _is_locked(fd: int) -> bool:
    """Tell whether the process of a file lives: it has the exclusive lock. Several may ask at once."""
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _read(fd: int) -> list[tuple[int, float, Slug, str]]:
    """Return number, time, slug and job of each line; a line that is not one is left out."""
    content = os.pread(fd, os.fstat(fd).st_size, 0)
    rows = []
    for number in range(len(content) // _WIDTH):
        line = content[number * _WIDTH : (number + 1) * _WIDTH].decode("ascii", "replace")
        with contextlib.suppress(ValueError):  # InvalidSlugError is one
            slug, job = line[_TIME + 1 :][:_NAME].strip(), line[_TIME + 1 + _NAME :].strip()
            rows.append((number, float(line[:_TIME]), parse_slug(slug), job))
    return rows

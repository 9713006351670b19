"""The lock of a slug: shared by processes at work for it, exclusive for whoever consumes its shards.

The file ``<slug>.lock`` holds the generation, a number raised whenever shards are consumed or dropped. A lock on a file
that has no name any more keeps nobody out: whoever gets one makes sure, and else begins anew. So `profcov clean` may
remove the file, with the exclusive lock held.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING

from profcov.errors import CoverageWriteError, LockTimeoutError
from profcov.store.files import PRIVATE, open_or_create
from profcov.store.layout import lock_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from profcov.slug import Slug

Generation = tuple[int, int]
"""A generation as one process sees it: which lock file, counted from 1, for users remove data directories; its number."""

_POLL_SECONDS = 0.02


class SlugLock:
    """This process's handle on a slug's lock file; not thread-safe, the owner serialises calls."""

    __slots__ = ("_fd", "_files", "_umask", "path")

    def __init__(self, data_dir: Path, slug: Slug, umask: int = PRIVATE) -> None:
        self.path = lock_path(data_dir, slug)
        self._umask = umask
        self._fd = -1
        self._files = 0

    def share(self) -> Generation | None:
        """Take the shared lock at once and return the generation; None if a reader has the exclusive lock.

        Raises:
            OSError: the lock file cannot be made or opened.
        """
        while True:
            self._open()
            try:
                fcntl.flock(self._fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return None
            if os.fstat(self._fd).st_nlink:  # or it was removed just before, and the lock keeps nobody out
                return self._files, read_generation(self._fd)

    def is_past(self, generation: Generation) -> bool:
        """Tell whether the shards of a generation were consumed since, or the file was removed; no lock is taken."""
        if self._fd < 0 or not os.fstat(self._fd).st_nlink:
            return True
        return (self._files, read_generation(self._fd)) != generation

    def release(self) -> None:
        """Drop the shared lock, in this process and for children that inherited the descriptor."""
        if self._fd >= 0:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def abandon(self) -> None:
        """Close an inherited descriptor in a forked child: unlocking it would unlock the parent's."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        if self._fd >= 0:
            # On every traced request, so no look at the path: a file that was removed has no name left.
            if os.fstat(self._fd).st_nlink:
                return
            self.abandon()
        self._fd = open_or_create(self.path, self._umask)
        self._files += 1


@contextlib.contextmanager
def exclusive(data_dir: Path, slug: Slug, timeout: float, umask: int = PRIVATE) -> Iterator[int]:
    """Hold the exclusive lock of a slug: no process has work in flight for it meanwhile.

    Yields the open lock file's descriptor, for :func:`raise_generation`.

    Waits ``timeout`` seconds for processes that hold the shared lock.

    Raises:
        LockTimeoutError: they still held it then; names them where the system tells.
        CoverageWriteError: the lock file cannot be made.
    """
    path = lock_path(data_dir, slug)
    deadline = time.monotonic() + timeout
    while True:
        try:
            fd = open_or_create(path, umask)
        except OSError as error:
            raise CoverageWriteError(path, error.strerror or str(error)) from error
        try:
            while not _try_exclusive(fd):
                if time.monotonic() >= deadline:
                    raise LockTimeoutError(slug, timeout, list_holders(fd))
                time.sleep(_POLL_SECONDS)
            if os.fstat(fd).st_nlink:  # or it was removed meanwhile, and the lock keeps nobody out
                yield fd
                return
        finally:
            os.close(fd)


def read_generation(fd: int) -> int:
    """Return the generation in an open lock file; 0 for a new one, or for one that was damaged."""
    text = os.pread(fd, 20, 0).strip()
    return int(text) if text.isdigit() else 0


def raise_generation(fd: int) -> int:
    """Raise the generation in an open lock file whose exclusive lock is held, and return it."""
    generation = read_generation(fd) + 1
    # Fixed width: a write that is cut short never makes another valid number smaller than the one before.
    os.pwrite(fd, b"%019d\n" % generation, 0)
    return generation


def list_holders(fd: int) -> list[str]:
    """Name the processes that hold a lock on an open file, as Linux tells; empty where it does not."""
    inode = os.fstat(fd).st_ino
    try:
        with open("/proc/locks", encoding="ascii") as table:  # noqa: PTH123
            rows = [line.split() for line in table]
    except OSError:
        return []
    # "1: FLOCK  ADVISORY  READ 4711 08:01:393446 0 EOF"; a waiting lock has "->" in the second column.
    pids = {row[4] for row in rows if row[1] == "FLOCK" and row[5].rpartition(":")[2] == str(inode)}
    return [f"process {pid}" for pid in sorted(pids, key=int) if pid != str(os.getpid())]


def _try_exclusive(fd: int) -> bool:
    """Lock an open file unless somebody else has, and tell which."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

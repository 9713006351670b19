"""The lock of a slug: held by the process that consumes its shards, and checked by those at work for it.

The file ``<slug>.lock`` holds the generation, a number raised whenever shards are consumed or dropped, and a mark that it is
closed. Units of work take no lock. Each notes that it is in flight, then checks whether the file is open; a reader closes the
file, then checks what is in flight: at least one of them sees the other. A file that was removed excludes no process: a process that
has it open checks that it is still at its path, or begins anew. So `profcov clean` may remove it, and leaves it closed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from profcov.errors import CoverageWriteError, LockTimeoutError, as_write_error
from profcov.store.flock import name_lockers, try_exclusive, unlock
from profcov.store.holders import list_in_flight
from profcov.store.layout import lock_path
from profcov.store.own_file import OwnFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from profcov.slug import Slug
    from profcov.store.directory import DataDirectory

_POLL_SECONDS: Final = 0.02
_MAX_TRIES: Final = 20
"""How often a lock file is made again that others remove at once."""
_TWO_FACES: Final = "it is another file by its name than by its descriptor: keep the data directory on a local disk"
_MARK: Final = 20
"""The position of the mark, after the generation."""
_HEAD: Final = 21
_OPEN, _CLOSED = b"0", b"1"
_MEMBARRIER: Final = {"aarch64": 283, "riscv64": 283, "ppc64le": 365, "s390x": 356}
_FENCE_SECONDS: Final = 0.05


class SlugLock(OwnFile):
    """A slug's lock file as this process found it: open, and of one generation."""

    __slots__ = ("_expected", "path")

    def __init__(self, fd: int, path: Path) -> None:
        super().__init__(fd)
        self.path = path
        self._expected = b""

    @property
    def holds(self) -> bool:
        """Whether the file is still open, and of the same generation; checked after a unit was noted as in flight."""
        try:
            return self.is_latest and os.pread(self.fd, _HEAD, 0) == self._expected
        except OSError:  # the number may be a pipe of the application by now
            return False

    @property
    def is_in_place(self) -> bool:
        """Whether the data directory is still the one in which the file was found."""
        return self.is_at(self.path)

    @classmethod
    def find(cls, directory: DataDirectory, slug: Slug) -> SlugLock | None:
        """Return the lock file of a slug, making it if necessary; None if a reader has closed it.

        Raises:
            OSError: it cannot be made or opened, or is never found at its path.
        """
        path = lock_path(directory.path, slug)
        for _ in range(_MAX_TRIES):
            lock = cls(directory.open_or_create(path), path)
            is_wanted = False
            try:
                head = os.pread(lock.fd, _HEAD, 0)
                if head[_MARK:] in {b"", _CLOSED}:
                    if not lock._reopen():
                        return None
                elif lock.is_in_place:
                    lock._expected = head
                    is_wanted = True
                    return lock
            finally:
                if not is_wanted:  # if interrupted, it would hold the lock for as long as the exception lives
                    lock.close()
        raise OSError(errno.ESTALE, _TWO_FACES, str(path))

    def is_like(self, other: SlugLock) -> bool:
        """Return whether another look at a lock file found the same file, of the same generation."""
        return (self.identity, self._expected) == (other.identity, other._expected)

    @property
    def is_past(self) -> bool:
        """Whether the shards were consumed since, or the file was removed; for a lock that no longer holds."""
        try:
            return os.pread(self.fd, _MARK, 0) != self._expected[:_MARK] or not self.is_in_place
        except OSError:
            return True

    def _reopen(self) -> bool:
        """Open a file that is new, or that a killed reader left closed; return whether its lock is free."""
        if not try_exclusive(self.fd):
            return False
        if self.is_in_place:
            os.pwrite(self.fd, _head(self.fd, _OPEN), 0)
        unlock(self.fd)
        return True


@dataclass(frozen=True, slots=True)
class Exclusive:
    """The lock of a slug, held by this process."""

    directory: DataDirectory
    slug: Slug
    fd: int

    @property
    def data_dir(self) -> Path:
        """The path of its directory."""
        return self.directory.path

    @property
    def generation(self) -> int:
        """The slug's generation."""
        return read_generation(self.fd)

    def raise_generation(self) -> int:
        """Raise the generation, and return it."""
        generation = self.generation + 1
        # Fixed width: an incomplete write never makes a valid number smaller than the one before.
        os.pwrite(self.fd, b"%019d\n" % generation, 0)
        return generation


@contextlib.contextmanager
def exclusive(directory: DataDirectory, slug: Slug, timeout: float) -> Iterator[Exclusive]:
    """Hold the lock of a slug: no process has work in flight for it meanwhile.

    Waits ``timeout`` seconds for units in flight, and for other readers.

    Raises:
        LockTimeoutError: they were still there then; names their processes.
        CoverageWriteError: the lock file cannot be made, or is never found at its path.
    """
    data_dir = directory.path
    path = lock_path(data_dir, slug)
    deadline = time.monotonic() + timeout
    for _ in range(_MAX_TRIES):
        with as_write_error(path):
            file = OwnFile(directory.open_or_create(path))
        try:
            while not (try_exclusive(file.fd) and _try_close(file.fd, data_dir, slug)):
                if time.monotonic() >= deadline:
                    raise LockTimeoutError(slug, timeout, _name_holders(file.fd, data_dir, slug))
                time.sleep(_POLL_SECONDS)
            if file.is_at(path):  # or it was removed meanwhile, and excludes no process
                try:
                    yield Exclusive(directory, slug, file.fd)
                finally:
                    if file.is_at(path):  # else it stays closed: a process that has it open must look for another
                        os.pwrite(file.fd, _OPEN, _MARK)
                return
        finally:
            file.close()
    raise CoverageWriteError(path, _TWO_FACES)


def read_generation(fd: int) -> int:
    """Return the generation in an open lock file; 0 for a new or damaged one."""
    text = os.pread(fd, 20, 0).strip()
    return int(text) if text.isdigit() else 0


def _head(fd: int, mark: bytes) -> bytes:
    return b"%019d\n" % read_generation(fd) + mark


def _try_close(fd: int, data_dir: Path, slug: Slug) -> bool:
    """Close the file, whose lock is held, unless units are in flight, and return whether it is closed."""
    if not list_in_flight(data_dir, slug):
        os.pwrite(fd, _head(fd, _CLOSED), 0)
        _fence()
        if not list_in_flight(data_dir, slug):
            return True
        os.pwrite(fd, _OPEN, _MARK)
    unlock(fd)  # another reader may be in less of a hurry
    return False


def _fence() -> None:
    """Return once all processors see earlier writes, and later reads are current.

    On x86 the system call of a write ends with such a barrier; elsewhere a system call requests one for all processors.
    """
    if platform.machine() in {"x86_64", "AMD64", "i686"}:
        return
    number = _MEMBARRIER.get(platform.machine()) if sys.platform == "linux" else None
    if number is not None:
        import ctypes  # noqa: PLC0415 (few need it)

        if ctypes.CDLL(None).syscall(number, 1, 0, 0) == 0:  # MEMBARRIER_CMD_GLOBAL
            return
    time.sleep(_FENCE_SECONDS)


def _name_holders(fd: int, data_dir: Path, slug: Slug) -> list[str]:
    pids = {each.pid for each in list_in_flight(data_dir, slug)}
    return [f"process {pid}" for pid in sorted(pids)] or name_lockers(fd)

"""Locks of open files, requested without waiting."""

from __future__ import annotations

import fcntl
import os


def try_exclusive(fd: int) -> bool:
    """Lock an open file unless another process has, and return whether it is locked."""
    return _try(fd, fcntl.LOCK_EX)


def try_shared(fd: int) -> bool:
    """Share the lock of an open file unless it is held exclusively, and return whether it is shared: readers do not exclude each other."""
    return _try(fd, fcntl.LOCK_SH)


def unlock(fd: int) -> None:
    """Release the lock of an open file."""
    fcntl.flock(fd, fcntl.LOCK_UN)


def name_lockers(fd: int) -> list[str]:
    """Name the processes that hold a lock on an open file, as Linux reports them; empty on other systems."""
    inode = os.fstat(fd).st_ino
    try:
        with open("/proc/locks", encoding="ascii") as table:  # noqa: PTH123
            rows = [line.split() for line in table]
    except OSError:
        return []
    # "1: FLOCK  ADVISORY  READ 4711 08:01:393446 0 EOF"; a waiting lock has "->" in the second column.
    pids = {row[4] for row in rows if row[1] == "FLOCK" and row[5].rpartition(":")[2] == str(inode)}
    return [f"process {pid}" for pid in sorted(pids, key=int) if pid != str(os.getpid())]


def _try(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""Locks of open files, asked for and never waited for."""

from __future__ import annotations

import fcntl


def try_exclusive(fd: int) -> bool:
    """Lock an open file unless somebody else has, and tell which."""
    return _try(fd, fcntl.LOCK_EX)


def try_shared(fd: int) -> bool:
    """Share the lock of an open file unless somebody has it exclusively, and tell which: those who only look disturb no other look."""
    return _try(fd, fcntl.LOCK_SH)


def unlock(fd: int) -> None:
    """Give back the lock of an open file."""
    fcntl.flock(fd, fcntl.LOCK_UN)


def _try(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

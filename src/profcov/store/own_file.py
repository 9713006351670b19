"""Descriptors that stay open in somebody else's process, where anything may be closed and any number used again."""

from __future__ import annotations

import errno
import os


class OwnFile:
    """An open file of ours, told by device and inode from whatever the application opens under the same number.

    A daemon closes all descriptors, and so does a forked child of gevent's: what it opens then gets our numbers.
    """

    __slots__ = ("_open", "fd", "identity")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.identity = _identify(os.fstat(fd))
        self._open = [None]  # one thing to take out: taking is atomic, so it is closed once

    @property
    def is_ours(self) -> bool:
        """Whether the descriptor is still open, and is still this file."""
        try:
            return bool(self._open) and _identify(os.fstat(self.fd)) == self.identity
        except OSError:
            return False

    def write(self, data: bytes, place: int) -> None:
        """Write all of it at a place.

        Raises:
            OSError: the disk is full, or the file is ours no longer.
        """
        if not self.is_ours:
            raise OSError(errno.EBADF, "its descriptor was closed by the application")
        if os.pwrite(self.fd, data, place) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def is_at(self, path: str | os.PathLike[str]) -> bool:
        """Tell whether the file is what a path leads to: neither it nor a directory above it was moved or removed."""
        try:
            return _identify(os.stat(path)) == self.identity  # noqa: PTH116
        except PermissionError:  # taken away from us: it cannot be told
            return True
        except OSError:
            return False

    def close(self) -> None:
        """Close it, unless the number is somebody else's by now."""
        is_ours = self.is_ours
        try:
            self._open.pop()
        except IndexError:
            return
        if is_ours:
            os.close(self.fd)

    def __del__(self) -> None:
        try:  # noqa: SIM105 (contextlib, too, is a module that may be empty by then)
            self.close()
        except Exception:  # noqa: BLE001, S110 (never initialised, or the interpreter has emptied the modules we use)
            pass


def _identify(facts: os.stat_result) -> tuple[int, int]:
    return facts.st_dev, facts.st_ino

"""Descriptors that stay open in the application's process, where any of them may be closed and any number reused."""

from __future__ import annotations

import errno
import os
import weakref
from typing import Final


class OwnFile:
    """An open file of ours, distinguished by device and inode from anything the application opens under the same number.

    A daemon closes all descriptors, and so does a forked child of gevent: files that it opens then get our numbers.
    """

    __slots__ = ("__weakref__", "_key", "fd", "identity")

    def __init__(self, fd: int) -> None:
        try:
            self.fd = fd
            self.identity = _identify(os.fstat(fd))
            self._key = object()
            _open[self._key] = weakref.ref(self), fd, self.identity
            _latest[fd] = self._key
        except BaseException:
            os.close(fd)
            raise

    @property
    def is_latest(self) -> bool:
        """Whether no other file of ours has got the descriptor since."""
        return _latest.get(self.fd) is self._key

    @property
    def is_ours(self) -> bool:
        """Whether the descriptor is still open, and is still this file."""
        try:
            return self._key in _open and self.is_latest and _identify(os.fstat(self.fd)) == self.identity
        except OSError:
            return False

    def write(self, data: bytes, place: int) -> None:
        """Write all of it at a place.

        Raises:
            OSError: the disk is full, or the file is no longer ours.
        """
        if not self.is_ours:
            raise OSError(errno.EBADF, "its descriptor was closed by the application")
        if os.pwrite(self.fd, data, place) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def is_at(self, path: str | os.PathLike[str]) -> bool:
        """Return whether a path leads to this file: neither it nor a directory above it was moved or removed."""
        try:
            return _identify(os.stat(path)) == self.identity  # noqa: PTH116
        except PermissionError:  # closed by the application: unknown
            return True
        except OSError:
            return False

    def close(self) -> None:
        """Close it, unless the number belongs to another file by now."""
        is_ours = self.is_ours
        if _open.pop(self._key, None) is not None and is_ours:
            os.close(self.fd)


_open: Final[dict[object, tuple[weakref.ref[OwnFile], int, tuple[int, int]]]] = {}
"""The open files. No file closes itself when it is dropped: exceptions in a finalizer, also of a signal handler, are lost."""
_latest: Final[dict[int, object]] = {}
"""The last file with each descriptor: a file that was closed and removed may leave both its number and its inode to another."""


def close_dropped() -> None:
    """Close the files that were dropped; called every half a second in a process that records."""
    for key, (reference, fd, identity) in dict(_open).items():
        if reference() is None and _open.pop(key, None) is not None:
            try:
                if _latest[fd] is key and _identify(os.fstat(fd)) == identity:
                    os.close(fd)
            except OSError:  # the application has closed it
                continue


def _identify(facts: os.stat_result) -> tuple[int, int]:
    return facts.st_dev, facts.st_ino

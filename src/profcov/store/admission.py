"""Which slugs a data directory accepts: those that are allowed, up to its limit."""

from __future__ import annotations

import errno
import fnmatch
import os
import re
import time
from typing import TYPE_CHECKING, Final

from profcov.store.directory import DataDirectory
from profcov.store.flock import try_exclusive
from profcov.store.layout import count_slugs, lock_path, state_dir

if TYPE_CHECKING:
    from profcov.settings import Settings
    from profcov.slug import Slug

_GATE: Final = "new-slug"
_WAIT_SECONDS: Final = 1.0
_FULL_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.002


class Admission:
    """Decide for one process, together with all others that record into the directory."""

    def __init__(self, settings: Settings) -> None:
        self._directory = DataDirectory.of(settings)
        self._limit = settings.max_profiles
        patterns = [fnmatch.translate(pattern) for pattern in settings.allow]
        self._allowed = re.compile("|".join(patterns)) if patterns else None
        self._full_until = 0.0

    def is_allowed(self, slug: str) -> bool:
        """Return whether a slug matches one of the patterns, if there are any."""
        return self._allowed is None or self._allowed.match(slug) is not None

    def has_room(self, slug: Slug) -> bool:
        """Return whether the directory has the slug, or accepts one more; then its lock file exists.

        Processes ask one after another, so that together they do not pass the limit either. Once it is reached, the
        directory is read at most once a second, however many slugs a stranger invents.

        Raises:
            OSError: the directory cannot be written, or another process has been at it for too long.
        """
        data_dir = self._directory.path
        path = lock_path(data_dir, slug)
        if path.exists():
            return True
        if time.monotonic() < self._full_until:
            return False
        gate = self._directory.open_or_create(state_dir(data_dir) / _GATE)
        try:
            _lock(gate)
            if not path.exists() and count_slugs(data_dir, self._limit) >= self._limit:
                self._full_until = time.monotonic() + _FULL_SECONDS
                return False
            os.close(self._directory.open_or_create(path))
            return True
        finally:
            os.close(gate)


def _lock(fd: int) -> None:
    """Take a lock that others hold only for a moment; a process that was stopped there must not stop us, too.

    Raises:
        BlockingIOError: it was not given back in time.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    while not try_exclusive(fd):
        if time.monotonic() >= deadline:
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK))
        time.sleep(_POLL_SECONDS)

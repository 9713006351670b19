"""The mark of a play that has begun and not ended, ``state/<slug>.playing``: what was recorded meanwhile is a part of the profile."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from profcov.errors import CoverageWriteError
from profcov.store.directory import make_state
from profcov.store.files import PRIVATE, create_private, remove
from profcov.store.layout import state_dir

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.slug import Slug


def mark(data_dir: Path, slug: Slug, umask: int = PRIVATE) -> None:
    """Note that a play of the profile begins. Dropping or combining its shards takes the mark away.

    Raises:
        CoverageWriteError: the system does not let us.
    """
    path = _path(data_dir, slug)
    try:
        make_state(data_dir, umask=umask)
        path.unlink(missing_ok=True)
        os.close(create_private(path, umask))
    except OSError as error:
        raise CoverageWriteError(path, error.strerror or str(error)) from error


def unmark(data_dir: Path, slug: Slug) -> bool:
    """Note that it has ended, and return whether the mark was there: it is not if somebody has dropped or combined meanwhile.

    Raises:
        CoverageWriteError: the system does not let us.
    """
    return remove(_path(data_dir, slug))


def is_marked(data_dir: Path, slug: Slug) -> bool:
    """Tell whether a play has begun and not ended: its player works, or was killed."""
    return _path(data_dir, slug).exists()


def _path(data_dir: Path, slug: Slug) -> Path:
    return state_dir(data_dir) / f"{slug}.playing"

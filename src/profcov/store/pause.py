"""The switch of a data directory: while the file ``state/paused`` is in it, no process begins to record there."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from profcov.errors import as_write_error
from profcov.store.directory import make_state
from profcov.store.files import create_private, remove_file
from profcov.store.layout import state_dir

if TYPE_CHECKING:
    from pathlib import Path

_NAME: Final = "paused"


def is_paused(data_dir: Path) -> bool:
    """Return whether recording is paused; never raise. Anything of that name pauses, even a broken link."""
    return os.path.lexists(os.path.join(state_dir(data_dir), _NAME))  # noqa: PTH118 (twice a second: a Path interns its parts)


def pause(data_dir: Path, umask: int = 0o077) -> bool:
    """Pause recording; units in flight are recorded to their end. Return False if it was paused already.

    Raises:
        CoverageWriteError: the directory is not there, or cannot be written.
    """
    path = state_dir(data_dir) / _NAME
    with as_write_error(path):
        if data_dir.is_dir():
            make_state(data_dir, umask=umask)
        try:
            fd = create_private(path, umask)
        except FileExistsError:
            return False
        with open(fd, "w", encoding="utf-8") as file:  # noqa: PTH123 (a descriptor)
            file.write(f"since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}, process {os.getpid()}\n")
    return True


def end_pause(data_dir: Path) -> bool:
    """Let processes record again. Return False if it was not paused.

    Raises:
        CoverageWriteError: the file cannot be removed.
    """
    return remove_file(state_dir(data_dir) / _NAME)

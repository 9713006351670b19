"""The switch of a data directory: while the file ``state/paused`` is in it, no process begins to record there."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from profcov.errors import as_write_error
from profcov.store.files import remove_file
from profcov.store.layout import state_dir

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.store.directory import DataDirectory

_NAME: Final = "paused"


def is_paused(data_dir: Path) -> bool:
    """Return whether recording is paused; never raise. Anything of that name pauses, even a broken link."""
    return os.path.lexists(os.path.join(state_dir(data_dir), _NAME))  # noqa: PTH118 (twice a second: a Path interns its parts)


def pause(directory: DataDirectory) -> bool:
    """Pause recording; units in flight are recorded to their end. Return False if it was paused already.

    Raises:
        CoverageWriteError: the directory is not there, or cannot be written.
    """
    path = state_dir(directory.path) / _NAME
    with as_write_error(path):
        if directory.path.is_dir():
            directory.make_state()
        try:
            fd = directory.create(path)
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

"""Writing shards: one valid coverage.py file each, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import CoverageWriteError
from profcov.store.files import PRIVATE, create_private, make_directory
from profcov.store.layout import new_shard_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from profcov.slug import Slug


writing: Final = threading.RLock()
"""Held while a shard is written: a child forked meanwhile would find SQLite's locks taken for ever."""


def write_shard(
    data_dir: Path,
    slug: Slug,
    context: str,
    executed: Mapping[str, set[Any]],
    *,
    branch: bool = False,
    umask: int = PRIVATE,
) -> Path:
    """Write what ran as a new shard of this process and return its path.

    The file is written under a name that no reader looks for, then renamed: a process killed in between leaves no
    shard, and never half of one.

    Args:
        data_dir: the data directory, made if it is not there.
        slug: the profile.
        context: the context label that everything gets.
        executed: line numbers by file name, as they shall stand in the data; arcs, pairs of line numbers, if ``branch``.
        branch: whether it is arcs.
        umask: which permissions the file, and the directory if it is made, shall not have.

    Raises:
        CoverageWriteError: the shard could not be written; nothing of it is left.
    """
    # Plain strings: pathlib interns the parts of a path, and CPython 3.12.1 keeps each interned string for ever.
    name = new_shard_name(slug)
    shard = os.path.join(data_dir, name)  # noqa: PTH118
    unfinished = os.path.join(data_dir, f".{name}.unfinished")  # noqa: PTH118
    try:
        with writing:
            make_directory(data_dir, umask)
            os.close(create_private(unfinished, umask))  # SQLite takes an empty file for a new database
            _fill(unfinished, context, executed, branch=branch)
            os.rename(unfinished, shard)  # noqa: PTH104
    except Exception as error:
        # Anything: coverage.py raises its own errors, sqlite's and the system's.
        with contextlib.suppress(OSError):
            os.unlink(unfinished)  # noqa: PTH108
        raise CoverageWriteError(Path(shard), str(error)) from error
    return Path(shard)


def _fill(path: str, context: str, executed: Mapping[str, set[Any]], *, branch: bool) -> None:
    from coverage import CoverageData  # noqa: PLC0415 (a process that records nothing does without coverage.py)

    data = CoverageData(basename=path)
    try:
        data.read()  # or the first line added would replace the file by one that everybody can read
        data.set_context(context)
        if branch:
            data.add_arcs(executed)
        else:
            data.add_lines(executed)
        data.write()
    finally:
        # After a failure it is still open, in a cycle of exceptions and frames. coverage.py 7.6 has no such method.
        close = getattr(data, "close", None)
        if close is not None:
            close()

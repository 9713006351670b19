"""Dropping shards, all or none: the next holder of the lock finishes what a killed process has left.

The list ``state/<slug>.dropping`` is written before the first shard goes, and removed after the last. Without it, shards that
are already in an artifact would be taken for new ones.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from profcov.errors import as_write_error
from profcov.store.files import replace_file
from profcov.store.holders import forget_failed
from profcov.store.layout import artifact_path, list_half_written, list_shards, state_dir, unfinished_path
from profcov.store.playing import forget_broken_off

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from profcov.store.holders import Holder
    from profcov.store.lock import Exclusive


def consume(lock: Exclusive, shards: Sequence[Path], failed: Iterable[Holder]) -> None:
    """Raise the generation and drop shards of a slug.

    Also forget the notes of processes that were taken into account, ``failed``.

    Raises:
        CoverageWriteError: the system does not let us.
    """
    dropping = _path(lock)
    with as_write_error(dropping):
        _write_list(lock, shards)
        lock.raise_generation()
        drop(shards)
        forget_failed(lock.data_dir, failed)
        forget_broken_off(lock.data_dir, lock.slug)
        dropping.unlink(missing_ok=True)


def finish(lock: Exclusive) -> None:
    """Finish what a killed process has left: shards that were to be dropped, files half written.

    Raises:
        CoverageWriteError: the system does not let us.
    """
    dropping = _path(lock)
    with as_write_error(dropping):
        drop(list_half_written(lock.data_dir, lock.slug))
        try:
            generation, *listed = dropping.read_text(encoding="ascii").splitlines()
            # Not raised yet: processes still count these shards as written, so they stay.
            is_raised = lock.generation >= int(generation)
        except FileNotFoundError:
            return
        except ValueError:
            listed, is_raised = [], False
        if is_raised:
            consumed = set(listed)
            drop(shard for shard in list_shards(lock.data_dir, lock.slug) if shard.name in consumed)
        dropping.unlink(missing_ok=True)


def _write_list(lock: Exclusive, shards: Sequence[Path]) -> None:
    """Write which shards to remove, below the generation from which on they no longer count."""
    lines = [str(lock.generation + 1), *(shard.name for shard in shards)]
    unfinished = unfinished_path(artifact_path(lock.data_dir, lock.slug))
    with contextlib.suppress(OSError):  # the disk is full: then there is no list to finish after a kill
        replace_file(_path(lock), (line.encode() + b"\n" for line in lines), lock.directory.umask, beside=unfinished)


def drop(paths: Iterable[Path]) -> None:
    """Remove files; ignore missing ones.

    Raises:
        CoverageWriteError: one cannot be removed.
    """
    for path in paths:
        with as_write_error(path):
            path.unlink(missing_ok=True)


def _path(lock: Exclusive) -> Path:
    return state_dir(lock.data_dir) / f"{lock.slug}.dropping"

"""Dropping shards, all or none: what a killed process has left of it is finished by whoever takes the lock next.

The list ``state/<slug>.dropping`` is written before the first shard goes, and removed after the last. Without it, shards that
are in an artifact already would pass for all that was recorded since.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from profcov.errors import as_write_error
from profcov.store.files import PRIVATE, write_whole
from profcov.store.holders import forget_failed
from profcov.store.layout import artifact_path, list_shards, list_unfinished, state_dir, unfinished_path
from profcov.store.lock import raise_generation, read_generation
from profcov.store.playing import forget_broken_off

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from profcov.slug import Slug
    from profcov.store.holders import Holder


def consume(
    data_dir: Path, slug: Slug, lock: int, shards: Sequence[Path], failed: Iterable[Holder], *, umask: int = PRIVATE
) -> None:
    """Raise the generation and drop shards of a slug whose exclusive lock is held; ``lock`` is its descriptor.

    With them goes what processes have noted that was taken into account, ``failed``.

    Raises:
        CoverageWriteError: the system does not let us.
    """
    dropping = _path(data_dir, slug)
    with as_write_error(dropping):
        unfinished = unfinished_path(artifact_path(data_dir, slug))
        _write_list(dropping, unfinished, [read_generation(lock) + 1, *(shard.name for shard in shards)], umask)
        raise_generation(lock)
        drop(shards)
        forget_failed(data_dir, failed)
        forget_broken_off(data_dir, slug)
        dropping.unlink(missing_ok=True)


def finish(data_dir: Path, slug: Slug, lock: int) -> None:
    """Finish what a killed process has left: shards that were to be dropped, files half written; the lock is held.

    Raises:
        CoverageWriteError: the system does not let us.
    """
    dropping = _path(data_dir, slug)
    with as_write_error(dropping):
        drop(list_unfinished(data_dir, slug))
        try:
            generation, *listed = dropping.read_text(encoding="ascii").splitlines()
            # Not raised yet: processes still take these shards for written, so they stay.
            is_raised = read_generation(lock) >= int(generation)
        except FileNotFoundError:
            return
        except ValueError:
            listed, is_raised = [], False
        if is_raised:
            consumed = set(listed)
            drop(shard for shard in list_shards(data_dir, slug) if shard.name in consumed)
        dropping.unlink(missing_ok=True)


def _write_list(dropping: Path, unfinished: Path, lines: Sequence[object], umask: int) -> None:
    """Write which shards go, below the generation from which on they count for nothing."""
    with contextlib.suppress(OSError):  # the disk is full: then there is no list for whoever comes after a kill
        write_whole(dropping, (b"%s\n" % str(line).encode() for line in lines), umask, beside=unfinished)


def drop(paths: Iterable[Path]) -> None:
    """Remove files; those that are not there are no matter.

    Raises:
        CoverageWriteError: one cannot be removed.
    """
    for path in paths:
        with as_write_error(path):
            path.unlink(missing_ok=True)


def _path(data_dir: Path, slug: Slug) -> Path:
    return state_dir(data_dir) / f"{slug}.dropping"

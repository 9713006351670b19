"""Dropping shards, all or none: what a killed process has left of it is finished by whoever takes the lock next.

The list ``.<slug>.dropping`` is written before the first shard goes, and removed after the last. Without it, shards that
are in an artifact already would pass for all that was recorded since.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from profcov.store.files import PRIVATE, create_private
from profcov.store.layout import list_shards
from profcov.store.lock import raise_generation
from profcov.store.presence import forget_failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from profcov.slug import Slug


def consume(data_dir: Path, slug: Slug, lock: int, shards: Sequence[Path], umask: int = PRIVATE) -> None:
    """Raise the generation and drop shards of a slug whose exclusive lock is held; ``lock`` is its descriptor."""
    dropping = _path(data_dir, slug)
    unfinished = dropping.with_name(f"{dropping.name}.{os.getpid()}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        with open(create_private(unfinished, umask), "w", encoding="ascii") as file:  # noqa: PTH123 (a descriptor)
            file.writelines(f"{shard.name}\n" for shard in shards)
        unfinished.replace(dropping)
    except OSError:  # the disk is full: then there is no list for whoever comes after a kill
        unfinished.unlink(missing_ok=True)
    raise_generation(lock)
    drop(shards)
    forget_failed(data_dir, slug)
    dropping.unlink(missing_ok=True)


def finish(data_dir: Path, slug: Slug) -> None:
    """Finish what a killed process has left: shards that were to be dropped, files half written; the lock is held."""
    prefix = f".{slug}.coverage."
    names = os.listdir(data_dir)  # noqa: PTH208 (a directory may hold 100,000 names)
    drop(data_dir / name for name in names if name.startswith(prefix) and name.endswith(".unfinished"))
    dropping = _path(data_dir, slug)
    try:
        consumed = set(dropping.read_text(encoding="ascii").splitlines())
    except (OSError, ValueError):
        return
    drop(shard for shard in list_shards(data_dir, slug) if shard.name in consumed)
    forget_failed(data_dir, slug)
    dropping.unlink(missing_ok=True)


def drop(paths: Iterable[Path]) -> None:
    """Remove files; those that are not there are no matter."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def _path(data_dir: Path, slug: Slug) -> Path:
    return data_dir / f".{slug}.dropping"

"""Removing what a data directory holds: of slugs without work in flight only."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from profcov.errors import LockTimeoutError, SlugPlayedError, as_write_error
from profcov.store.consume import consume, drop, finish
from profcov.store.holders import list_failed
from profcov.store.layout import artifact_path, list_quarantined, list_shards, lock_path, previous_path, sidecar_path
from profcov.store.playing import consuming

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from profcov.slug import Slug
    from profcov.store.directory import DataDirectory
    from profcov.store.playing import Play
    from profcov.store.survey import Held

    Busy = LockTimeoutError | SlugPlayedError


def choose_old(
    held: Sequence[Held],
    *,
    older_than: float | None = None,
    keep: int | None = None,
    max_bytes: int | None = None,
    now: float | None = None,
) -> list[Held]:
    """Return what to remove, oldest first: by age in seconds, by how many slugs may stay, by their total size."""
    now = time.time() if now is None else now
    by_age = sorted(held, key=lambda each: (each.newest, each.slug))
    gone = {each.slug for each in by_age if older_than is not None and now - each.newest > older_than}
    stays = [each for each in by_age if each.slug not in gone]
    number, size = len(stays), sum(map(_size, stays))
    for each in stays:
        if (keep is None or number <= keep) and (max_bytes is None or size <= max_bytes):
            break
        gone.add(each.slug)
        number, size = number - 1, size - _size(each)
    return [each for each in by_age if each.slug in gone]


def discard(directory: DataDirectory, slug: Slug, *, timeout: float = 30.0, play: Play | None = None) -> int:
    """Drop the shards of a slug, raise its generation, and return how many there were. From then on the caller's ``play`` records.

    Raises:
        LockTimeoutError: work for the slug was still in flight after the time-out; nothing was changed.
        SlugPlayedError: the slug is played, and not by the caller; nothing was changed.
        CoverageWriteError: the lock file cannot be made.
    """
    data_dir = directory.path
    with as_write_error(lock_path(data_dir, slug)), consuming(directory, slug, timeout, play) as lock:
        finish(lock)
        shards = list_shards(data_dir, slug)
        consume(lock, shards, list_failed(data_dir, slug))
        if play is not None:
            play.record_into(lock.generation)
    return len(shards)


def remove(directory: DataDirectory, slug: Slug) -> None:
    """Remove all that a directory holds of a slug, its lock file last.

    Raises:
        LockTimeoutError: work for it is in flight; nothing was changed.
        SlugPlayedError: it is played; nothing was changed.
        CoverageWriteError: its lock file cannot be opened.
    """
    data_dir = directory.path
    artifact = artifact_path(data_dir, slug)
    with consuming(directory, slug, 0.0, None) as lock:
        finish(lock)
        consume(lock, list_shards(data_dir, slug), list_failed(data_dir, slug))
        for path in (artifact, previous_path(artifact)):
            drop([path, sidecar_path(path)])
        drop(list_quarantined(data_dir).get(slug, []))
        # A process that waits for the lock, or has the file open, sees that it has no name any more, and makes another.
        drop([lock_path(data_dir, slug)])


def remove_all(directory: DataDirectory, held: Sequence[Held]) -> dict[Slug, Busy]:
    """Remove all of some slugs; return those that stay, and who is at work for them."""
    return _try_each(held, lambda slug: remove(directory, slug))


def discard_all(directory: DataDirectory, held: Sequence[Held]) -> dict[Slug, Busy]:
    """Drop the shards of some slugs; return those that stay, and the processes at work for them."""
    return _try_each(held, lambda slug: discard(directory, slug, timeout=0.0))


def _try_each(held: Sequence[Held], action: Callable[[Slug], object]) -> dict[Slug, Busy]:
    busy: dict[Slug, Busy] = {}
    for each in held:
        try:
            action(each.slug)
        except (LockTimeoutError, SlugPlayedError) as error:
            busy[each.slug] = error
    return busy


def _size(held: Held) -> int:
    return held.shard_bytes + held.artifact_bytes

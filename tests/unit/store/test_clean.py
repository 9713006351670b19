"""Removing what a directory holds, and never anything in flight."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from at_work import at_work

from profcov.slug import Slug
from profcov.store.clean import choose_old, discard_all, remove_all
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.layout import list_shards
from profcov.store.lock import SlugLock, exclusive
from profcov.store.presence import PROCESSES
from profcov.store.shard import write_shard
from profcov.store.survey import survey

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Start = Callable[..., subprocess.Popen[str]]


DEMO, OTHER = Slug("demo"), Slug("other")


def age(data: Path, **days: float) -> None:
    for slug, number in days.items():
        write_shard(DataDirectory(data), Slug(slug), f"profile:{slug}", {"/src/a.py": {1}})
        for shard in list_shards(data, Slug(slug)):
            os.utime(shard, (time.time() - number * 86400,) * 2)


def test_what_is_old_many_or_big_goes_oldest_first(tmp_path: Path) -> None:
    age(tmp_path, old=9, middle=5, new=1)
    held = survey(tmp_path)
    size = held[0].shard_bytes

    def chosen(**limits: float) -> list[str]:
        return [each.slug for each in choose_old(held, **limits)]  # type: ignore[arg-type]

    assert chosen(older_than=6 * 86400) == ["old"]
    assert chosen(keep=1) == ["old", "middle"]
    assert chosen(max_bytes=2 * size) == ["old"]
    assert chosen(max_bytes=2 * size - 1) == ["old", "middle"]
    assert chosen(older_than=6 * 86400, keep=1) == ["old", "middle"]
    assert chosen(keep=0) == ["old", "middle", "new"]
    assert chosen(older_than=20 * 86400, keep=3, max_bytes=3 * size) == []


def test_all_of_a_slug_goes_and_nothing_that_is_in_flight(tmp_path: Path) -> None:
    for _ in range(2):
        age(tmp_path, demo=1, other=1)
        for slug in (DEMO, OTHER):
            combine(DataDirectory(tmp_path), slug)
    age(tmp_path, demo=1, other=1)
    with at_work(tmp_path, "other"):
        assert set(remove_all(DataDirectory(tmp_path), survey(tmp_path))) == {"other"}
        left = {path.name for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != PROCESSES}
        left -= {".gitignore", "CACHEDIR.TAG"}
    assert all(name.startswith("other.") for name in left)
    assert {"other.coverage", "other.profile.json", "other.lock"} <= left


def test_dropping_shards_keeps_the_artifact_and_begins_a_generation(tmp_path: Path) -> None:
    age(tmp_path, demo=1)
    combine(DataDirectory(tmp_path), DEMO)
    age(tmp_path, demo=1)
    lock = SlugLock.find(DataDirectory(tmp_path), DEMO)
    assert discard_all(DataDirectory(tmp_path), survey(tmp_path)) == {}
    assert list_shards(tmp_path, DEMO) == []
    assert (tmp_path / "demo.coverage").exists()
    assert lock is not None
    assert not lock.holds


def test_a_lock_whose_file_was_removed_excludes_no_process_and_is_made_again(tmp_path: Path) -> None:
    age(tmp_path, demo=1)
    lock = SlugLock.find(DataDirectory(tmp_path), DEMO)
    assert lock is not None
    remove_all(DataDirectory(tmp_path), survey(tmp_path))
    assert not lock.holds
    after = SlugLock.find(DataDirectory(tmp_path), DEMO)
    assert after is not None
    assert after.holds
    with exclusive(DataDirectory(tmp_path), DEMO, 0):
        assert not after.holds
        assert SlugLock.find(DataDirectory(tmp_path), DEMO) is None

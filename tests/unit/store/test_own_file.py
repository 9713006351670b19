"""Descriptors that stay open where the application closes and opens what it likes."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, cast

from profcov.slug import Slug
from profcov.store.directory import DataDirectory
from profcov.store.lock import SlugLock
from profcov.store.own_file import OwnFile, close_dropped
from profcov.store.presence import Presence
from profcov.store.rows import MISSING

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.store.presence import _File


DEMO = Slug("demo")


def find(data_dir: Path) -> SlugLock:
    lock = SlugLock.find(DataDirectory(data_dir), DEMO)
    assert lock is not None
    return lock


def test_a_file_that_the_application_has_opened_under_our_number_is_neither_written_nor_closed(tmp_path: Path) -> None:
    lock, presence = find(tmp_path), Presence(DataDirectory(tmp_path))
    begun: list[tuple[int, object]] = []
    presence.begin(DEMO, into=begun)
    numbers = [lock.fd, cast("_File", presence.open()).fd]
    theirs = []
    for number in numbers:
        path = tmp_path / f"theirs-{number}"
        path.write_bytes(b"theirs")
        fd = os.open(path, os.O_RDWR)
        os.dup2(fd, number)  # closes ours
        os.close(fd)
        theirs.append(path)
    assert not lock.holds
    presence.end(begun)
    presence.begin(DEMO, into=begun)
    presence.note(MISSING, DEMO, "reason")
    lock.close()
    presence.withdraw()
    assert [path.read_bytes() for path in theirs] == [b"theirs"] * 2
    for number in numbers:
        os.close(number)  # open still


def test_a_file_that_is_opened_again_under_the_number_that_the_application_has_closed_stays_open(
    tmp_path: Path,
) -> None:
    before = find(tmp_path)
    os.close(before.fd)
    lock = find(tmp_path)
    assert lock.fd == before.fd
    assert not before.is_ours
    del before
    close_dropped()
    assert lock.holds


def test_the_collector_may_run_finalizers_that_open_and_close_files_at_any_allocation_of_a_look(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    kept = [OwnFile(os.open(path, os.O_RDWR)) for _ in range(8)]

    class Litter:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            kept.append(OwnFile(os.open(path, os.O_RDWR)))
            kept.pop(0).close()

    threshold = gc.get_threshold()
    gc.collect()
    gc.freeze()  # or each collection would walk through all that the tests have imported
    try:
        for allocation in range(60):  # of Python 3.11, where it runs in the middle of `list(files.items())`, say
            gc.disable()
            gc.collect()
            Litter()
            gc.set_threshold(gc.get_count()[0] + allocation // 2)
            gc.enable()
            close_dropped()
            assert all(each.is_ours for each in kept)
    finally:
        gc.unfreeze()
        gc.set_threshold(*threshold)
        gc.enable()
        for each in kept:
            each.close()

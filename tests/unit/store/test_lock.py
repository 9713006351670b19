from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import threading
import time
from typing import IO, TYPE_CHECKING, Any, cast

import pytest
from at_work import at_work
from striking import strike_each_line

from profcov.errors import CoverageWriteError, LockTimeoutError
from profcov.slug import Slug
from profcov.store import lock as lock_module
from profcov.store import own_file
from profcov.store.directory import DataDirectory
from profcov.store.holders import list_notes
from profcov.store.layout import lock_path
from profcov.store.lock import SlugLock, exclusive
from profcov.store.presence import Presence
from profcov.store.rows import MISSING

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from profcov.store.presence import _File

DEMO = Slug("demo")


def let_go(process: subprocess.Popen[str]) -> None:
    cast("IO[str]", process.stdin).write("\n")
    cast("IO[str]", process.stdin).flush()
    assert cast("IO[str]", process.stdout).readline().strip() == "released"


def find(data_dir: Path) -> SlugLock:
    lock = SlugLock.find(DataDirectory(data_dir), DEMO)
    assert lock is not None
    return lock


def raise_it(data_dir: Path) -> int:
    with exclusive(DataDirectory(data_dir), DEMO, 0) as lock:
        return lock.raise_generation()


def test_who_combines_waits_for_processes_at_work_and_names_them_when_the_time_is_up(
    tmp_path: Path, worker: subprocess.Popen[str]
) -> None:
    with (
        pytest.raises(LockTimeoutError, match=rf"in process {worker.pid}: wait") as caught,
        exclusive(DataDirectory(tmp_path), DEMO, 0),
    ):
        pytest.fail("got the lock")
    assert caught.value.holders == (f"process {worker.pid}",)
    let_go(worker)
    with exclusive(DataDirectory(tmp_path), DEMO, 0):
        pass


def test_who_combines_gets_the_lock_as_soon_as_the_last_process_lets_go(
    tmp_path: Path, worker: subprocess.Popen[str]
) -> None:
    got = threading.Event()

    def combine() -> None:
        with exclusive(DataDirectory(tmp_path), DEMO, 30):
            got.set()

    with at_work(tmp_path, DEMO):
        thread = threading.Thread(target=combine)
        thread.start()
        let_go(worker)
        assert not got.wait(0.1)  # we still are
    assert got.wait(30)
    thread.join()


def test_a_killed_process_blocks_nothing(tmp_path: Path, worker: subprocess.Popen[str]) -> None:
    worker.kill()
    worker.wait()
    with exclusive(DataDirectory(tmp_path), DEMO, 0) as lock:
        assert lock.generation == 0


def test_no_unit_begins_while_a_process_combines(tmp_path: Path, excluder: subprocess.Popen[str]) -> None:
    assert SlugLock.find(DataDirectory(tmp_path), DEMO) is None
    let_go(excluder)
    assert SlugLock.find(DataDirectory(tmp_path), DEMO) is not None


def test_a_process_at_work_sees_that_somebody_combines(tmp_path: Path) -> None:
    lock = find(tmp_path)
    with exclusive(DataDirectory(tmp_path), DEMO, 0):
        assert not lock.holds
    assert lock.holds


@pytest.mark.usefixtures("excluder")
def test_another_slug_is_not_held_up(tmp_path: Path) -> None:
    assert SlugLock.find(DataDirectory(tmp_path), Slug("demo-2")) is not None


def test_a_reader_that_was_killed_excludes_no_process(tmp_path: Path, excluder: subprocess.Popen[str]) -> None:
    excluder.kill()
    excluder.wait()
    assert find(tmp_path).holds
    assert raise_it(tmp_path) == 1


def test_neither_misses_the_other(tmp_path: Path) -> None:
    """A unit notes itself and looks, a reader closes and looks, at the same moment, again and again."""
    presence, inside, faults = Presence(DataDirectory(tmp_path)), threading.Event(), []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            with contextlib.suppress(LockTimeoutError), exclusive(DataDirectory(tmp_path), DEMO, 0):
                inside.set()
                time.sleep(0)
                inside.clear()

    threads = [threading.Thread(target=read) for _ in range(2)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    for thread in threads:
        thread.start()
    worked = 0
    for _ in range(3000):
        lock = SlugLock.find(DataDirectory(tmp_path), DEMO)
        begun: list[tuple[int, object]] = []
        presence.begin(DEMO, into=begun)
        if lock is not None and lock.holds:
            worked += 1
            if inside.is_set():
                faults.append(worked)
        presence.end(begun)
        if lock is not None:
            lock.close()
    stop.set()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(before)
    assert faults == []
    assert worked > 10


def test_the_generation_starts_at_zero_and_rises_by_one(tmp_path: Path) -> None:
    with exclusive(DataDirectory(tmp_path), DEMO, 0) as lock:
        assert lock.generation == 0
    assert [raise_it(tmp_path) for _ in range(12)] == list(range(1, 13))


def test_who_is_struck_while_a_lock_is_found_excludes_no_process(tmp_path: Path) -> None:
    strikes = []
    for struck in strike_each_line(lambda: find(tmp_path), lock_module, own_file):
        strikes.append(struck)  # as an application may keep it
        assert find(tmp_path).holds
        lock_path(tmp_path, DEMO).unlink()
    assert len(strikes) > 20


def test_a_process_at_work_sees_that_the_generation_moved(tmp_path: Path) -> None:
    lock = find(tmp_path)
    assert lock.holds
    raise_it(tmp_path)
    assert not lock.holds
    assert find(tmp_path).holds


def test_a_process_at_work_sees_that_the_data_directory_was_removed_or_moved(tmp_path: Path) -> None:
    lock = find(tmp_path / "data")
    assert lock.is_in_place
    (tmp_path / "data").rename(tmp_path / "night-1")
    assert not lock.is_in_place
    other = find(tmp_path / "data")
    assert other.is_in_place
    assert not lock.is_in_place
    shutil.rmtree(tmp_path / "data")
    assert not other.is_in_place


def test_a_lock_does_not_hold_by_what_stands_in_that_of_another_slug_under_its_number(tmp_path: Path) -> None:
    lock = find(tmp_path)
    os.close(lock.fd)
    other = SlugLock.find(DataDirectory(tmp_path), Slug("other"))
    assert other is not None
    assert (other.fd, other.holds, lock.holds) == (lock.fd, True, False)


def test_a_process_whose_descriptors_were_closed_is_not_taken_for_dead(tmp_path: Path) -> None:
    presence = Presence(DataDirectory(tmp_path))
    begun: list[tuple[int, object]] = []
    presence.begin(DEMO, into=begun)
    presence.note(MISSING, DEMO, "reason")
    os.close(cast("_File", presence.open()).fd)
    presence.begin(DEMO, into=begun)
    presence.mend()
    held = [(each.is_alive, each.missing) for each in list_notes(tmp_path)]
    assert sorted(held, key=str) == [(True, "reason"), (True, None), (True, None)]
    presence.withdraw()


@pytest.mark.parametrize("text", [b"", b"rubbish", b"\xff\xfe\x00", b"-3\n", "²".encode()])
def test_a_damaged_lock_file_does_no_harm(tmp_path: Path, text: bytes) -> None:
    DataDirectory(tmp_path).make_state()
    lock_path(tmp_path, DEMO).write_bytes(text)
    assert find(tmp_path).holds
    assert raise_it(tmp_path) == 1


def test_only_the_owner_can_read_what_is_made(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        find(tmp_path / "data")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE(lock_path(tmp_path / "data", DEMO).stat().st_mode) == 0o600


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    DataDirectory(tmp_path).make_state()
    lock_path(tmp_path, DEMO).symlink_to(target)
    with pytest.raises(CoverageWriteError, match=r"demo\.lock"), exclusive(DataDirectory(tmp_path), DEMO, 0):
        pytest.fail("got the lock")
    assert not target.exists()


def test_a_data_directory_below_a_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(CoverageWriteError, match=r"cannot write .*Not a directory"),
        exclusive(DataDirectory(tmp_path / "file" / "data"), DEMO, 0),
    ):
        pytest.fail("got the lock")


def test_a_lock_file_that_is_another_by_its_name_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on file systems that make numbers up for files."""
    real = os.stat

    def stat(path: Any, **options: Any) -> os.stat_result:
        facts = real(path, **options)
        return os.stat_result([facts[0], facts[1] + 1, *facts[2:]]) if str(path).endswith(".lock") else facts

    monkeypatch.setattr(os, "stat", stat)
    with pytest.raises(OSError, match="another file by its name than by its descriptor: keep"):
        find(tmp_path)
    with pytest.raises(CoverageWriteError, match="another file by its name than by its descriptor: keep"):
        raise_it(tmp_path)
    monkeypatch.undo()
    assert find(tmp_path).holds

from __future__ import annotations

import os
import shutil
import stat
import threading
from typing import IO, TYPE_CHECKING, Any, cast

import pytest

from profcov.errors import CoverageWriteError, LockTimeoutError
from profcov.slug import Slug
from profcov.store.layout import lock_path
from profcov.store.lock import SlugLock, exclusive, raise_generation, read_generation

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEMO = Slug("demo")


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[SlugLock]:
    lock = SlugLock(tmp_path, DEMO)
    yield lock
    lock.abandon()


def let_go(process: subprocess.Popen[str]) -> None:
    cast("IO[str]", process.stdin).write("\n")
    cast("IO[str]", process.stdin).flush()
    assert cast("IO[str]", process.stdout).readline().strip() == "released"


def raise_it(data_dir: Path) -> int:
    with exclusive(data_dir, DEMO, 0) as fd:
        return raise_generation(fd)


@pytest.mark.usefixtures("sharer")
def test_processes_at_work_for_one_slug_share_its_lock(lock: SlugLock) -> None:
    assert lock.share() is not None


def test_who_combines_waits_for_processes_at_work_and_names_them_when_the_time_is_up(
    tmp_path: Path, sharer: subprocess.Popen[str]
) -> None:
    with (
        pytest.raises(LockTimeoutError, match=rf"in process {sharer.pid}: wait") as caught,
        exclusive(tmp_path, DEMO, 0),
    ):
        pytest.fail("got the lock")
    assert caught.value.holders == (f"process {sharer.pid}",)
    let_go(sharer)
    with exclusive(tmp_path, DEMO, 0):
        pass


def test_who_combines_gets_the_lock_as_soon_as_the_last_process_lets_go(
    tmp_path: Path, sharer: subprocess.Popen[str], lock: SlugLock
) -> None:
    lock.share()
    got = threading.Event()

    def combine() -> None:
        with exclusive(tmp_path, DEMO, 30):
            got.set()

    thread = threading.Thread(target=combine)
    thread.start()
    let_go(sharer)
    assert not got.wait(0.1)  # we still have it
    lock.release()
    assert got.wait(30)
    thread.join()


def test_a_killed_process_holds_nobody_up(tmp_path: Path, sharer: subprocess.Popen[str]) -> None:
    sharer.kill()
    sharer.wait()
    with exclusive(tmp_path, DEMO, 0) as lock:
        assert read_generation(lock) == 0


def test_nobody_begins_while_somebody_combines(lock: SlugLock, excluder: subprocess.Popen[str]) -> None:
    assert lock.share() is None
    let_go(excluder)
    assert lock.share() is not None


@pytest.mark.usefixtures("excluder")
def test_another_slug_is_not_held_up(tmp_path: Path) -> None:
    other = SlugLock(tmp_path, Slug("demo-2"))
    assert other.share() is not None
    other.abandon()


def test_a_forked_child_that_closes_its_copy_leaves_the_lock_to_the_parent(
    tmp_path: Path, run_python: Callable[..., Any]
) -> None:
    assert run_python(
        """
        import json, os, sys
        from pathlib import Path
        from profcov.errors import LockTimeoutError
        from profcov.store.lock import SlugLock, exclusive
        lock = SlugLock(Path("data"), "demo")
        lock.share()
        child = os.fork()
        if not child:
            lock.abandon()
            os._exit(0)
        os.waitpid(child, 0)
        try:
            with exclusive(Path("data"), "demo", 0):
                held = False
        except LockTimeoutError:
            held = True
        print(json.dumps(held))
        """
    )


def test_the_generation_starts_at_zero_and_rises_by_one(tmp_path: Path) -> None:
    with exclusive(tmp_path, DEMO, 0) as fd:
        assert read_generation(fd) == 0
    assert [raise_it(tmp_path) for _ in range(12)] == list(range(1, 13))


def test_a_process_at_work_sees_that_the_generation_moved(tmp_path: Path, lock: SlugLock) -> None:
    first = lock.share()
    lock.release()
    assert lock.share() == first
    lock.release()
    raise_it(tmp_path)
    assert lock.share() != first


def test_a_process_at_work_sees_that_the_data_directory_was_removed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    lock = SlugLock(data, DEMO)
    first = lock.share()
    lock.release()
    shutil.rmtree(data)
    second = lock.share()
    lock.release()
    assert second != first
    assert lock.share() == second
    lock.abandon()


@pytest.mark.parametrize("text", [b"", b"rubbish", b"\xff\xfe\x00", b"-3\n", "²".encode()])
def test_a_damaged_lock_file_does_no_harm(tmp_path: Path, lock: SlugLock, text: bytes) -> None:
    lock_path(tmp_path, DEMO).write_bytes(text)
    assert lock.share() is not None
    lock.release()
    assert raise_it(tmp_path) == 1


def test_only_the_owner_can_read_what_is_made(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        lock = SlugLock(tmp_path / "data", DEMO)
        lock.share()
        lock.abandon()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE(lock_path(tmp_path / "data", DEMO).stat().st_mode) == 0o600


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    lock_path(tmp_path, DEMO).symlink_to(target)
    with pytest.raises(CoverageWriteError, match=r"demo\.lock"), exclusive(tmp_path, DEMO, 0):
        pytest.fail("got the lock")
    assert not target.exists()


def test_a_data_directory_below_a_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(CoverageWriteError, match=r"cannot write .*Not a directory"),
        exclusive(tmp_path / "file" / "data", DEMO, 0),
    ):
        pytest.fail("got the lock")

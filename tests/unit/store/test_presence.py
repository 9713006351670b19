from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest
from at_work import kill
from striking import strike_each_line

from profcov.slug import Slug
from profcov.store import own_file
from profcov.store import presence as presence_module
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.files import create_private
from profcov.store.flock import try_shared
from profcov.store.holders import forget_failed, list_failed, list_holders, list_in_flight, list_notes
from profcov.store.own_file import close_dropped
from profcov.store.presence import MIN_ROWS, PROCESSES, Presence
from profcov.store.rows import MISSING, UNWRITTEN, WIDTH
from profcov.store.shard import write_shard
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from at_work import StartUnits


DEMO, OTHER = Slug("demo"), Slug("other")


def start_unit(presence: Presence, slug: Slug) -> list[tuple[int, object]]:
    begun: list[tuple[int, object]] = []
    presence.begin(slug, into=begun)
    return begun


def files(data: Path) -> list[str]:
    return [path.name for path in (data / "state" / PROCESSES).iterdir() if not path.name.startswith(".")]


def test_a_unit_that_has_ended_leaves_nothing_at_work(tmp_path: Path) -> None:
    presence = Presence(DataDirectory(tmp_path))
    for _ in range(3):
        units = [start_unit(presence, DEMO) for _ in range(20)]
        for unit in units:
            assert [each.slug for each in list_holders(tmp_path)] == ["demo"]
            presence.end(unit)
            presence.end(unit)  # once
        assert list_holders(tmp_path) == []
    assert len(files(tmp_path)) == 1
    assert next((tmp_path / "state" / PROCESSES).iterdir()).stat().st_size == 20 * WIDTH  # rows are used again
    presence.abandon()


def test_a_process_that_ends_in_good_order_leaves_no_file(tmp_path: Path) -> None:
    presence = Presence(DataDirectory(tmp_path))
    presence.withdraw()  # never begun
    unit = start_unit(presence, DEMO)
    presence.withdraw()
    presence.withdraw()
    presence.end(unit)
    assert files(tmp_path) == []
    start_unit(presence, DEMO)
    assert [each.slug for each in list_holders(tmp_path)] == ["demo"]
    presence.withdraw()


def test_what_is_missing_is_reported_until_it_was_taken_into_account(tmp_path: Path) -> None:
    presence = Presence(DataDirectory(tmp_path))
    for kind, text in ((MISSING, "refused-paused"), (MISSING, "refused-paused"), (UNWRITTEN, "")):
        presence.note(kind, DEMO, text)
    assert list_in_flight(tmp_path, DEMO) == []
    seen = list_failed(tmp_path, DEMO)
    assert [each.missing for each in seen] == ["refused-paused", "lines-unwritten"]
    presence.note(MISSING, DEMO, "directory-moved")  # after they were looked at
    forget_failed(tmp_path, seen)
    presence.mend()
    assert [each.missing for each in list_failed(tmp_path, DEMO)] == ["directory-moved"]
    presence.note(UNWRITTEN, DEMO)
    presence.take_back(UNWRITTEN, DEMO)
    presence.withdraw()  # it has something to say
    assert [(each.missing, each.is_alive) for each in list_failed(tmp_path, DEMO)] == [("directory-moved", False)]
    forget_failed(tmp_path, list_failed(tmp_path, DEMO))
    assert files(tmp_path) == []


def test_nothing_is_reported_of_a_directory_that_is_not_there_until_it_is(tmp_path: Path) -> None:
    presence = Presence(DataDirectory(tmp_path / "data"))
    presence.note(MISSING, DEMO, "refused-disk")
    assert not (tmp_path / "data").exists()
    start_unit(presence, DEMO)
    presence.mend()
    assert [each.missing for each in list_failed(tmp_path / "data", DEMO)] == ["refused-disk"]
    presence.abandon()


def test_a_row_whose_unit_was_struck_is_freed(tmp_path: Path) -> None:
    presence = Presence(DataDirectory(tmp_path))
    begun = start_unit(presence, DEMO)
    presence._rows.clear()  # as if an exception had come between two steps of `end`
    presence.mend()
    assert len(list_in_flight(tmp_path, DEMO)) == 1  # or its thread is about to do so
    presence.mend()
    assert list_in_flight(tmp_path, DEMO) == []
    presence.end(begun)
    presence.withdraw()


@pytest.mark.parametrize("cause", ["removed", "closed"])
def test_who_is_struck_while_the_file_is_made_anew_leaves_nothing_in_flight_or_dead(tmp_path: Path, cause: str) -> None:
    presence = Presence(DataDirectory(tmp_path))
    start_unit(presence, OTHER)

    def lose() -> None:
        if cause == "removed":
            shutil.rmtree(tmp_path)
        else:
            os.close(cast("presence_module._File", presence.open()).fd)

    lose()
    strikes = 0
    for struck in strike_each_line(presence.open, presence_module, own_file):
        strikes += 1
        presence.open()  # as the next unit does
        for _ in range(2):
            presence.mend()
            close_dropped()
            assert cause == "closed" or list_failed(tmp_path, OTHER) == []
        assert [each.slug for each in list_notes(tmp_path) if each.is_awaited] == [OTHER], struck.__traceback__
        assert len(list((tmp_path / "state" / PROCESSES).iterdir())) == 1
        presence.note(MISSING, DEMO, "reason")
        lose()
        assert cause == "removed" or [each.missing for each in list_failed(tmp_path, DEMO)] == ["reason"]
    assert strikes > 20
    presence.withdraw()


def test_a_process_that_ends_after_a_strike_leaves_no_file(tmp_path: Path) -> None:
    presence = Presence(DataDirectory(tmp_path))
    for _ in strike_each_line(presence.open, presence_module, own_file):
        presence.withdraw()
        assert not list((tmp_path / "state" / PROCESSES).glob("*"))
    assert len(files(tmp_path)) == 1
    presence.withdraw()


def test_units_begin_and_end_while_the_directory_is_moved_again_and_again(
    tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    presence = Presence(DataDirectory(tmp_path / "data"))
    stop, faults = threading.Event(), []

    def work() -> None:
        try:
            while not stop.is_set():
                unit = start_unit(presence, DEMO)
                home = presence.open()
                presence.note_again(unit)
                if presence.is_at(home) and not list_in_flight(tmp_path / "data", DEMO) and presence.is_at(home):
                    faults.append("not noted")
                presence.end(unit)
        except BaseException as error:
            faults.append(repr(error))
            raise

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(60):
        with contextlib.suppress(FileNotFoundError):
            (tmp_path / "data").rename(tmp_path / f"night-{number}")
        wait_until(
            lambda: (tmp_path / "data" / "state" / PROCESSES).is_dir() and files(tmp_path / "data"), "it is made anew"
        )
        presence.mend()
    stop.set()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(before)
    presence.mend()
    presence.mend()
    assert faults == []
    assert list_in_flight(tmp_path / "data", DEMO) == []
    presence.withdraw()


def test_the_file_of_a_process_that_lives_stays(tmp_path: Path, start_units: StartUnits) -> None:
    process = start_units("demo")
    presence = Presence(DataDirectory(tmp_path))
    presence.end(start_unit(presence, OTHER))
    forget_failed(tmp_path, list_notes(tmp_path))
    assert len(files(tmp_path)) == 2
    assert [each.slug for each in list_holders(tmp_path)] == ["demo"]
    kill(process)
    presence.abandon()


def test_a_directory_that_was_removed_is_made_again_and_what_is_in_flight_noted_there(tmp_path: Path) -> None:
    presence = Presence(DataDirectory(tmp_path / "data"))
    unit = start_unit(presence, DEMO)
    home = presence.open()
    assert presence.is_at(home)
    shutil.rmtree(tmp_path / "data")
    assert not presence.is_at(home)
    presence.mend()
    presence.open()
    start_unit(presence, OTHER)
    assert [each.slug for each in list_holders(tmp_path / "data")] == ["demo", "other"]
    presence.end(unit)
    assert [each.slug for each in list_holders(tmp_path / "data")] == ["other"]
    presence.abandon()


def test_a_file_that_another_program_has_locked_before_us_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others, directory = [], DataDirectory(tmp_path)
    directory.make_state("processes")

    def create_and_lose(_: DataDirectory, path: str) -> int:
        fd = create_private(path)
        others.append(os.open(path, os.O_RDONLY))
        assert try_shared(others[-1])
        return fd

    monkeypatch.setattr(DataDirectory, "create", create_and_lose)
    with pytest.raises(BlockingIOError):
        start_unit(Presence(directory), DEMO)
    os.close(others[0])
    assert not files(tmp_path)


def test_a_unit_is_seen_in_a_new_file_that_has_fewer_rows_than_the_one_before(tmp_path: Path) -> None:
    presence = Presence(DataDirectory(tmp_path / "data"))
    for unit in [start_unit(presence, DEMO) for _ in range(2 * MIN_ROWS)]:
        presence.end(unit)
    shutil.rmtree(tmp_path / "data")
    presence.open()
    unit = start_unit(presence, DEMO)
    assert len(list_in_flight(tmp_path / "data", DEMO)) == 1
    presence.end(unit)
    assert list_in_flight(tmp_path / "data", DEMO) == []
    presence.withdraw()


def test_an_artifact_names_the_process_that_died_with_work_in_flight(tmp_path: Path, start_units: StartUnits) -> None:
    write_shard(DataDirectory(tmp_path), DEMO, "profile:demo", {"/src/a.py": {1}})
    process = start_units("demo")
    kill(process)
    made = combine(DataDirectory(tmp_path), DEMO)
    assert made.reasons == ("process-died",)
    assert [each["pid"] for each in read_sidecar(made.path)["died"]] == [process.pid]
    write_shard(DataDirectory(tmp_path), DEMO, "profile:demo", {"/src/a.py": {1}})
    assert combine(DataDirectory(tmp_path), DEMO).complete


def test_a_unit_that_begins_or_ends_is_noted_by_two_system_calls(tmp_path: Path) -> None:
    presence, begun, made = Presence(DataDirectory(tmp_path)), list[Any](), list[Any]()
    presence.begin(DEMO, into=begun)
    presence.end(begun)

    def note(_frame: object, event: str, called: Any) -> None:
        if event == "c_call" and called.__module__ == os.name:
            made.append(called.__name__)

    sys.setprofile(note)
    presence.begin(DEMO, into=begun)
    presence.end(begun)
    sys.setprofile(None)
    assert made == ["fstat", "pwrite"] * 2


def test_no_two_units_have_one_row_however_many_threads_begin_at_once(tmp_path: Path) -> None:
    presence, barrier = Presence(DataDirectory(tmp_path)), threading.Barrier(4)
    numbers: list[list[int]] = []

    def number() -> None:
        barrier.wait()
        numbers.append([presence._new_row() for _ in range(20_000)])

    threads = [threading.Thread(target=number) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({row for rows in numbers for row in rows}) == 80_000

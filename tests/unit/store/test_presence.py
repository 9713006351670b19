from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, cast

import pytest
from at_work import at_work
from striking import strike_each_line

from profcov.slug import Slug
from profcov.store import notes, own_file
from profcov.store import presence as presence_module
from profcov.store.clean import choose_old, discard_all, remove_all
from profcov.store.combine import combine
from profcov.store.directory import make_state
from profcov.store.holders import forget_failed, list_failed, list_holders, list_in_flight, list_notes
from profcov.store.layout import list_shards, lock_path
from profcov.store.lock import SlugLock, exclusive
from profcov.store.notes import NoteFile
from profcov.store.own_file import close_dropped
from profcov.store.presence import MIN_ROWS, PROCESSES, Presence
from profcov.store.rows import MISSING, UNWRITTEN, WIDTH
from profcov.store.shard import write_shard
from profcov.store.sidecar import read_sidecar
from profcov.store.survey import survey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Start = Callable[..., subprocess.Popen[str]]

DEMO, OTHER = Slug("demo"), Slug("other")
AT_WORK = """
import os, sys
from pathlib import Path
from profcov.store.presence import Presence
presence = Presence(Path(sys.argv[1]))
for slug in sys.argv[2:]:
    presence.begin(slug, into=[])
print(os.getpid(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Yield a function that starts a process with units in flight for slugs; all that were started end with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*slugs: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", AT_WORK, str(tmp_path), *slugs]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        return process

    yield start
    for process in started:
        if process.returncode is None:
            kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def start_unit(presence: Presence, slug: Slug) -> list[tuple[int, object]]:
    begun: list[tuple[int, object]] = []
    presence.begin(slug, into=begun)
    return begun


def files(data: Path) -> list[str]:
    return [path.name for path in (data / "state" / PROCESSES).iterdir() if not path.name.startswith(".")]


def test_who_is_at_work_is_listed_with_host_pid_and_since_when(tmp_path: Path, start: Start) -> None:
    before = int(time.time())
    process = start("demo", "other")
    held = list_holders(tmp_path)
    assert [(each.slug, each.pid, each.is_alive) for each in held] == [
        ("demo", process.pid, True),
        ("other", process.pid, True),
    ]
    assert all(before <= each.since <= time.time() for each in held)
    kill(process)
    assert [(each.slug, each.is_alive) for each in list_holders(tmp_path)] == [("demo", False), ("other", False)]


def test_a_unit_that_has_ended_leaves_nobody_at_work(tmp_path: Path) -> None:
    presence = Presence(tmp_path)
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
    presence = Presence(tmp_path)
    presence.withdraw()  # never begun
    unit = start_unit(presence, DEMO)
    presence.withdraw()
    presence.withdraw()
    presence.end(unit)
    assert files(tmp_path) == []
    start_unit(presence, DEMO)
    assert [each.slug for each in list_holders(tmp_path)] == ["demo"]
    presence.withdraw()


def test_what_is_missing_is_said_until_it_was_taken_into_account(tmp_path: Path) -> None:
    presence = Presence(tmp_path)
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


def test_what_readers_have_taken_into_account_makes_room_for_other_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "MAX_NOTES", 10)
    presence = Presence(tmp_path)
    sizes = []
    for number in range(4):
        said = [f"{number}-{each}" for each in range(10)]
        for text in said:
            presence.note(MISSING, DEMO, text)
        assert sorted(each.missing or "" for each in list_failed(tmp_path, DEMO)) == said
        forget_failed(tmp_path, list_failed(tmp_path, DEMO))
        presence.mend()
        presence.mend()
        sizes += [(tmp_path / "state" / PROCESSES / name).stat().st_size for name in files(tmp_path)]
    assert sizes == [sizes[0]] * 4
    presence.withdraw()


def test_notes_of_slugs_that_a_stranger_makes_up_crowd_none_out_of_a_slug_that_the_directory_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "MAX_NOTES", 10)
    monkeypatch.setattr(presence_module, "MAX_NOTES", 10)
    presence = Presence(tmp_path)
    make_state(tmp_path)
    lock_path(tmp_path, DEMO).touch()
    for number in range(30):
        presence.note(MISSING, Slug(f"made-up-{number}"), "refused-paused")
    assert len(list_notes(tmp_path)) == 10
    presence.note(MISSING, DEMO, "refused-paused")
    assert [each.missing for each in list_failed(tmp_path, DEMO)] == ["refused-paused"]
    presence.abandon()


def test_a_note_that_is_forgotten_while_it_is_noted_again_takes_no_row_from_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    presence = Presence(tmp_path)
    presence.note(MISSING, DEMO, "first")
    forget_failed(tmp_path, list_failed(tmp_path, DEMO))
    presence.mend()
    write = NoteFile.write

    def write_late(file: NoteFile, data: bytes, place: int) -> None:
        monkeypatch.setattr(NoteFile, "write", write)
        file.forget_read(used=set())
        file.note((DEMO, MISSING, "second"))  # in its row
        write(file, data, place)

    monkeypatch.setattr(NoteFile, "write", write_late)
    presence.note(MISSING, DEMO, "first")
    for _ in range(3):
        assert sorted(each.missing or "" for each in list_failed(tmp_path, DEMO)) == ["first", "second"]
        presence.mend()
    presence.abandon()


def test_a_note_that_is_noted_again_while_it_is_forgotten_keeps_its_row(tmp_path: Path) -> None:
    presence = Presence(tmp_path)
    presence.note(MISSING, DEMO, "first")
    forget_failed(tmp_path, list_failed(tmp_path, DEMO))
    presence.mend()
    presence.note(MISSING, DEMO, "first")
    cast("NoteFile", presence.open()).forget_read(used=set())  # as was seen before
    presence.note(MISSING, DEMO, "second")
    for _ in range(3):
        assert sorted(each.missing or "" for each in list_failed(tmp_path, DEMO)) == ["first", "second"]
        presence.mend()
    presence.abandon()


def test_nothing_is_said_of_a_directory_that_is_not_there_until_it_is(tmp_path: Path) -> None:
    presence = Presence(tmp_path / "data")
    presence.note(MISSING, DEMO, "refused-disk")
    assert not (tmp_path / "data").exists()
    start_unit(presence, DEMO)
    presence.mend()
    assert [each.missing for each in list_failed(tmp_path / "data", DEMO)] == ["refused-disk"]
    presence.abandon()


def test_a_row_whose_unit_was_struck_is_freed(tmp_path: Path) -> None:
    presence = Presence(tmp_path)
    begun = start_unit(presence, DEMO)
    presence._rows.clear()  # as if an exception had come between two steps of `end`
    presence.mend()
    assert len(list_in_flight(tmp_path, DEMO)) == 1  # or its thread is about to do so
    presence.mend()
    assert list_in_flight(tmp_path, DEMO) == []
    presence.end(begun)
    presence.withdraw()


@pytest.mark.parametrize("cause", ["removed", "closed"])
def test_who_is_struck_while_the_file_is_made_anew_leaves_nobody_in_flight_or_dead(tmp_path: Path, cause: str) -> None:
    presence = Presence(tmp_path)
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
    presence = Presence(tmp_path)
    for _ in strike_each_line(presence.open, presence_module, own_file):
        presence.withdraw()
        assert not list((tmp_path / "state" / PROCESSES).glob("*"))
    assert len(files(tmp_path)) == 1
    presence.withdraw()


def test_units_begin_and_end_while_the_directory_is_moved_again_and_again(
    tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    presence = Presence(tmp_path / "data")
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


def test_the_dead_are_told_of_once_and_their_file_goes_with_the_last_slug(tmp_path: Path, start: Start) -> None:
    kill(start("demo", "other"))
    assert [(each.slug, each.is_alive) for each in list_failed(tmp_path, DEMO)] == [("demo", False)]
    forget_failed(tmp_path, list_failed(tmp_path, DEMO))
    assert list_failed(tmp_path, DEMO) == []
    assert len(list_failed(tmp_path, OTHER)) == len(files(tmp_path)) == 1
    forget_failed(tmp_path, list_failed(tmp_path, OTHER))
    assert files(tmp_path) == []


def test_the_note_of_an_older_profcov_which_has_no_job_is_understood(tmp_path: Path) -> None:
    (tmp_path / "state" / PROCESSES).mkdir(parents=True)
    rows = (f"{since:14.3f} {slug}".ljust(115) + "\n" for since, slug in ((5.0, "demo"), (0.0, "idle"), (7.0, "other")))
    (tmp_path / "state" / PROCESSES / "host.12.34").write_text("".join(rows))
    assert [(each.slug, each.since, each.job) for each in list_holders(tmp_path)] == [("demo", 5, ""), ("other", 7, "")]
    forget_failed(tmp_path, list_failed(tmp_path, OTHER))
    assert [each.slug for each in list_holders(tmp_path)] == ["demo"]
    forget_failed(tmp_path, list_failed(tmp_path, DEMO))
    assert files(tmp_path) == []


def test_the_file_of_a_process_that_lives_stays(tmp_path: Path, start: Start) -> None:
    process = start("demo")
    presence = Presence(tmp_path)
    presence.end(start_unit(presence, OTHER))
    forget_failed(tmp_path, list_notes(tmp_path))
    assert len(files(tmp_path)) == 2
    assert [each.slug for each in list_holders(tmp_path)] == ["demo"]
    kill(process)
    presence.abandon()


def test_a_directory_that_was_removed_is_made_again_and_what_is_in_flight_noted_there(tmp_path: Path) -> None:
    presence = Presence(tmp_path / "data")
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


def test_a_unit_is_seen_in_a_new_file_that_has_fewer_rows_than_the_one_before(tmp_path: Path) -> None:
    presence = Presence(tmp_path / "data")
    for unit in [start_unit(presence, DEMO) for _ in range(2 * MIN_ROWS)]:
        presence.end(unit)
    shutil.rmtree(tmp_path / "data")
    presence.open()
    unit = start_unit(presence, DEMO)
    assert len(list_in_flight(tmp_path / "data", DEMO)) == 1
    presence.end(unit)
    assert list_in_flight(tmp_path / "data", DEMO) == []
    presence.withdraw()


def test_what_is_no_file_of_a_process_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "state" / PROCESSES).mkdir(parents=True)
    (tmp_path / "state" / PROCESSES / "notes.txt").write_text("mine")
    (tmp_path / "state" / PROCESSES / "host.12.34").write_bytes(b"\xff" * 300)
    (tmp_path / "state" / PROCESSES / "host.12.35").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "state" / PROCESSES / "host.12.36").mkdir()
    assert list_holders(tmp_path) == []
    forget_failed(tmp_path, list_failed(tmp_path, DEMO))
    assert (tmp_path / "state" / PROCESSES / "notes.txt").read_text() == "mine"
    (tmp_path / "linked" / "state").mkdir(parents=True)
    (tmp_path / "linked" / "state" / PROCESSES).symlink_to(tmp_path / "state" / PROCESSES)
    presence = Presence(tmp_path / "linked")
    with pytest.raises(OSError, match="symbolic link"):
        start_unit(presence, DEMO)


def test_an_artifact_names_the_process_that_died_with_work_in_flight(tmp_path: Path, start: Start) -> None:
    write_shard(tmp_path, DEMO, "profile:demo", {"/src/a.py": {1}})
    process = start("demo")
    kill(process)
    made = combine(tmp_path, DEMO)
    assert made.reasons == ("process-died",)
    assert [each["pid"] for each in read_sidecar(made.path)["died"]] == [process.pid]
    write_shard(tmp_path, DEMO, "profile:demo", {"/src/a.py": {1}})
    assert combine(tmp_path, DEMO).complete


def test_a_survey_tells_what_a_directory_holds(tmp_path: Path, start: Start) -> None:
    assert survey(tmp_path / "nowhere") == []
    for slug in (DEMO, OTHER):
        write_shard(tmp_path, slug, f"profile:{slug}", {"/src/a.py": {1}})
    combine(tmp_path, DEMO)
    process = start("third")
    demo, other, third = survey(tmp_path)
    assert (demo.slug, len(demo.shards), demo.status, demo.holders) == ("demo", 0, "complete", [])
    assert (other.slug, len(other.shards), other.status, other.artifact) == ("other", 1, None, None)
    assert (third.slug, third.shards, [each.pid for each in third.holders]) == ("third", [], [process.pid])
    assert demo.artifact_bytes >= (tmp_path / "demo.coverage").stat().st_size
    assert other.shard_bytes == list_shards(tmp_path, OTHER)[0].stat().st_size
    kill(process)


def age(data: Path, **days: float) -> None:
    for slug, number in days.items():
        write_shard(data, Slug(slug), f"profile:{slug}", {"/src/a.py": {1}})
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
            combine(tmp_path, slug)
    age(tmp_path, demo=1, other=1)
    with at_work(tmp_path, "other"):
        assert set(remove_all(tmp_path, survey(tmp_path))) == {"other"}
        left = {path.name for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != PROCESSES}
        left -= {".gitignore", "CACHEDIR.TAG"}
    assert all(name.startswith("other.") for name in left)
    assert {"other.coverage", "other.profile.json", "other.lock"} <= left


def test_dropping_shards_keeps_the_artifact_and_begins_a_generation(tmp_path: Path) -> None:
    age(tmp_path, demo=1)
    combine(tmp_path, DEMO)
    age(tmp_path, demo=1)
    lock = SlugLock.find(tmp_path, DEMO)
    assert discard_all(tmp_path, survey(tmp_path)) == {}
    assert list_shards(tmp_path, DEMO) == []
    assert (tmp_path / "demo.coverage").exists()
    assert lock is not None
    assert not lock.holds


def test_a_lock_whose_file_was_removed_keeps_nobody_out_and_is_made_again(tmp_path: Path) -> None:
    age(tmp_path, demo=1)
    lock = SlugLock.find(tmp_path, DEMO)
    assert lock is not None
    remove_all(tmp_path, survey(tmp_path))
    assert not lock.holds
    after = SlugLock.find(tmp_path, DEMO)
    assert after is not None
    assert after.holds
    with exclusive(tmp_path, DEMO, 0):
        assert not after.holds
        assert SlugLock.find(tmp_path, DEMO) is None


def test_rows_that_name_no_slug_are_left_out(tmp_path: Path, start: Start) -> None:
    process = start("demo")
    (path,) = [path for path in (tmp_path / "state" / PROCESSES).iterdir() if not path.name.startswith(".")]
    content = path.read_bytes().replace(b"+demo ", b"+../x ") + b"      1000.000 \0\0".ljust(115) + b"\n"
    with path.open("r+b") as file:  # the same file: it is locked
        file.write(content)
    assert list_holders(tmp_path) == []
    assert survey(tmp_path) == []
    kill(process)


def test_several_readers_at_once_see_who_is_dead(tmp_path: Path, start: Start) -> None:
    kill(start("demo"))
    (path,) = [path for path in (tmp_path / "state" / PROCESSES).iterdir() if not path.name.startswith(".")]
    with path.open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert [each.is_alive for each in list_holders(tmp_path)] == [False]


def test_a_unit_that_begins_or_ends_is_noted_by_two_system_calls(tmp_path: Path) -> None:
    presence, begun, made = Presence(tmp_path), list[Any](), list[Any]()
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

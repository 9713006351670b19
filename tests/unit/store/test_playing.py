"""Who plays a slug owns it: nobody else plays, combines or drops it; what a killed play has left is known for that."""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import os
import shutil
import threading
from typing import TYPE_CHECKING

import pytest

from profcov.errors import SlugPlayedError
from profcov.playback.player.recording import Recording
from profcov.slug import parse_slug
from profcov.store.clean import discard, discard_all, remove
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.layout import list_shards
from profcov.store.playing import Play, name_player
from profcov.store.shard import write_shard
from profcov.store.survey import survey

if TYPE_CHECKING:
    from pathlib import Path

DEMO = parse_slug("demo")


class Never:
    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float | None = None) -> bool:
        return False


def make(data: Path) -> Recording:
    return Recording(DEMO, DataDirectory(data), None, None, None, 5.0)


def begin(data: Path) -> Recording:
    recording = make(data)
    recording.begin()
    record(data)
    return recording


def kill(recording: Recording) -> None:
    """Leave what a killed player leaves: its descriptors are closed."""
    assert recording._play is not None
    recording._play.close()


def record(data: Path) -> None:
    write_shard(DataDirectory(data), DEMO, "profile:demo", {"/src/a.py": {1}})


def test_a_play_that_ends_is_complete_and_leaves_no_mark(tmp_path: Path) -> None:
    with begin(tmp_path) as recording:
        assert recording.finish(Never())[1].complete
    assert not list(tmp_path.rglob("*.playing"))


def test_what_a_killed_play_has_left_is_partial_and_what_comes_after_it_is_not(tmp_path: Path) -> None:
    kill(begin(tmp_path))
    assert combine(DataDirectory(tmp_path), DEMO, keep=True).reasons == ("playback-failed",)
    assert combine(DataDirectory(tmp_path), DEMO).reasons == ("playback-failed",)
    record(tmp_path)
    assert combine(DataDirectory(tmp_path), DEMO).complete
    kill(begin(tmp_path))
    discard(DataDirectory(tmp_path), DEMO)
    record(tmp_path)
    assert combine(DataDirectory(tmp_path), DEMO).complete
    kill(begin(tmp_path))
    with begin(tmp_path) as recording:
        assert recording.finish(Never())[1].complete


def test_what_a_killed_play_has_left_is_partial_though_the_next_play_was_killed_before_it_dropped_that(
    tmp_path: Path,
) -> None:
    kill(begin(tmp_path))
    Play.begin(DataDirectory(tmp_path), DEMO).close()
    assert combine(DataDirectory(tmp_path), DEMO).reasons == ("playback-failed",)


def test_a_play_that_was_killed_when_all_was_combined_spoils_nothing_that_comes_later(tmp_path: Path) -> None:
    recording = begin(tmp_path)
    assert recording.finish(Never())[1].complete
    kill(recording)
    assert list(tmp_path.rglob("*.playing"))
    record(tmp_path)
    assert combine(DataDirectory(tmp_path), DEMO).complete


def test_a_play_that_has_recorded_nothing_spoils_nothing(tmp_path: Path) -> None:
    with make(tmp_path) as recording:
        recording.begin()
    record(tmp_path)
    assert combine(DataDirectory(tmp_path), DEMO).complete


def test_a_play_whose_directory_was_removed_says_that_it_is_not_whole(tmp_path: Path) -> None:
    with begin(tmp_path / "data") as recording:
        shutil.rmtree(tmp_path / "data")
        with begin(tmp_path / "data"):
            record(tmp_path / "data")
        assert recording.finish(Never())[1].reasons == ("playback-failed",)


def test_no_other_process_plays_combines_or_drops_what_is_played(tmp_path: Path) -> None:
    with begin(tmp_path) as recording:
        shards = list_shards(tmp_path, DEMO)
        for spoil in (
            lambda: make(tmp_path).own(),
            lambda: combine(DataDirectory(tmp_path), DEMO),
            lambda: combine(DataDirectory(tmp_path), DEMO, keep=True),
            lambda: discard(DataDirectory(tmp_path), DEMO),
            lambda: remove(DataDirectory(tmp_path), DEMO),
        ):
            with pytest.raises(
                SlugPlayedError, match=rf"being played by {getpass.getuser()} .*process {os.getpid()} on"
            ):
                spoil()
        assert set(discard_all(DataDirectory(tmp_path), survey(tmp_path))) == {DEMO}
        assert list_shards(tmp_path, DEMO) == shards
        assert recording.finish(Never())[1].complete


def test_two_who_look_at_once_do_not_take_each_other_for_a_play(tmp_path: Path) -> None:
    kill(begin(tmp_path))
    (mark,) = tmp_path.rglob("*.playing")
    with mark.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)  # as another look does
        assert name_player(tmp_path, DEMO) is None
        assert survey(tmp_path)[0].player is None
        discard(DataDirectory(tmp_path), DEMO)
    assert not mark.exists()
    make(tmp_path).own()


def test_who_looks_whether_a_slug_is_played_does_not_keep_it_from_being_played(tmp_path: Path) -> None:
    is_over = threading.Event()
    looks: list[None] = []

    def look() -> None:
        while not is_over.is_set():
            with contextlib.suppress(SlugPlayedError):
                discard(DataDirectory(tmp_path), DEMO)
            looks.append(None)

    looker = threading.Thread(target=look)
    make(tmp_path).drop()
    looker.start()
    try:
        plays = 0
        while plays < 50 or len(looks) < 50:
            Play.begin(DataDirectory(tmp_path), DEMO).end(is_consumed=True)
            plays += 1
    except SlugPlayedError:
        pytest.fail("a look was taken for a play")
    finally:
        is_over.set()
        looker.join()

"""A play that was broken off: whoever combines what it has left gets an artifact that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.playback.recording import Recording
from profcov.slug import parse_slug
from profcov.store.combine import combine, discard
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from pathlib import Path

DEMO = parse_slug("demo")


class Never:
    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float | None = None) -> bool:
        return False


def begin(data: Path) -> Recording:
    recording = Recording(DEMO, data, None, None, None, 5.0)
    recording.begin()
    record(data)
    return recording


def record(data: Path) -> None:
    write_shard(data, DEMO, "profile:demo", {"/src/a.py": {1}})


def test_a_play_that_ends_is_complete(tmp_path: Path) -> None:
    assert begin(tmp_path).finish(Never())[1].complete


def test_what_a_killed_play_has_left_is_partial_and_what_comes_after_it_is_not(tmp_path: Path) -> None:
    begin(tmp_path)
    assert combine(tmp_path, DEMO, keep=True).reasons == ("playback-failed",)
    assert combine(tmp_path, DEMO).reasons == ("playback-failed",)
    record(tmp_path)
    assert combine(tmp_path, DEMO).complete
    begin(tmp_path)
    discard(tmp_path, DEMO)
    record(tmp_path)
    assert combine(tmp_path, DEMO).complete


def test_a_play_that_was_combined_before_its_end_says_so(tmp_path: Path) -> None:
    recording = begin(tmp_path)
    combine(tmp_path, DEMO)
    record(tmp_path)
    assert recording.finish(Never())[1].reasons == ("playback-failed",)

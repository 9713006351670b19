"""Profiles that are played again: because a try failed, or because an earlier run was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from written import covered_functions, get, post, write

from profcov.errors import PlaybackError, TargetError
from profcov.playback.formats.reader import load_profile
from profcov.playback.player.options import PlayOptions
from profcov.playback.player.play import play
from profcov.store.directory import DataDirectory
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from redis import Redis
    from tests.integration.playback.conftest import Seen

    Playback = Callable[..., subprocess.CompletedProcess[str]]


def test_a_profile_that_fails_is_played_again_and_the_failed_try_leaves_no_line(
    tmp_path: Path, traced: Any, playback: Playback
) -> None:
    profile = write(tmp_path, "flaky", get("/flaky/flaky/1"))
    ended = playback(profile, *traced.words, "--retries", 2, **traced.environ)
    assert ended.returncode == 0, ended.stderr
    again, done = ended.stderr.splitlines()
    assert again.startswith("flaky: played again in 0.5 s, because it failed: flaky: step 'step flaky/flaky/1': GET ")
    assert ", 2 tries, complete" in done
    artifact = traced.data_dir / "flaky.coverage"
    assert covered_functions(artifact) == {"blue"}
    assert read_sidecar(artifact)["status"] == "complete"
    assert not (traced.data_dir / "state/previous/flaky.coverage").exists()


def test_the_last_try_that_fails_leaves_the_partial_artifact(tmp_path: Path, traced: Any, playback: Playback) -> None:
    profile = write(tmp_path, "stubborn", get("/flaky/stubborn/9"))
    ended = playback(profile, *traced.words, "--retries", 1, **traced.environ)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("played again") == 1
    assert read_sidecar(traced.data_dir / "stubborn.coverage")["reasons"] == ["playback-failed"]


def test_a_try_whose_jobs_are_still_to_run_is_not_followed_by_another(
    tmp_path: Path, traced: Any, playback: Playback, redis: Redis, redis_url: str
) -> None:
    profile = write(tmp_path, "busy", post("/jobs"), get("/flaky/busy/1"))
    words = (*traced.words, "--redis-url", redis_url, "--timeout", "2", "--retries", 3)
    ended = playback(profile, *words, **traced.environ)
    assert ended.returncode == 1
    assert "played again" not in ended.stderr
    assert read_sidecar(traced.data_dir / "busy.coverage")["reasons"] == ["playback-failed", "jobs-unfinished"]
    assert redis.scard("profcov:jobs:busy") == 1


def test_a_server_that_is_not_there_is_asked_again_after_pauses_that_grow(tmp_path: Path, closed_port: str) -> None:
    profile = load_profile(write(tmp_path, "a", get("/x")))
    stop = Pauses()
    with pytest.raises(TargetError, match="nothing answers there"):
        play(profile, PlayOptions(base_url=closed_port, retries=6), stop=stop)
    assert stop.taken == [0.5, 1, 2, 4, 8, 8]


def test_a_server_that_does_not_trace_is_not_asked_again(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server = serve("disabled")
    options = PlayOptions(base_url=server.url, retries=3, trace=True, directory=DataDirectory(tmp_path / "data"))
    with pytest.raises(TargetError, match="profcov is installed but off"):
        play(load_profile(write(tmp_path, "a", get("/x"))), options, stop=Pauses())
    assert len(server.requests) == 1


def test_a_stop_ends_the_tries(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server = serve()
    profile = load_profile(write(tmp_path, "a", get("/x")))
    with pytest.raises(PlaybackError, match="expected status 200 to 299, got 404"):
        play(profile, PlayOptions(base_url=server.url, retries=3), stop=Pauses(stops=True))
    assert len(server.requests) == 1


class Pauses:
    """A stop that notes the pauses instead of taking them."""

    def __init__(self, *, stops: bool = False) -> None:
        self.taken: list[float | None] = []
        self._stops = stops

    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float | None = None) -> bool:
        self.taken.append(timeout)
        return self._stops


def test_a_killed_run_is_completed_by_another_and_leaves_no_half_played_profile_as_complete(
    tmp_path: Path, traced: Any, playback: Playback, wait_until: Callable[..., None]
) -> None:
    """One profile waits for an answer that comes only in the second run; the first is killed meanwhile."""
    folder = tmp_path / "profiles"
    folder.mkdir()
    write(folder, "kill-1", get("/red"))
    until = "step that waits, request: {path: /blue}, wait: {path: '/{where}', until: \"colour == 'blue'\"}"
    (folder / "kill-2.yaml").write_text(f"slug: kill-2\nvariables: {{where: blue}}\nsteps: [{{name: {until}}}]\n")
    write(folder, "kill-3", get("/red"))
    words = (folder, *traced.words)

    first = kill_in_the_middle(words, traced, wait_until, tmp_path)
    assert first == {"kill-1": "complete", "kill-2": None, "kill-3": None}
    ended = playback(*words, "--skip-existing", **traced.environ)
    assert ended.returncode == 0, ended.stderr
    assert [line.split("\t")[::2][:2] for line in ended.stdout.splitlines()] == [
        ["kill-1", "skipped"],
        ["kill-2", "complete"],
        ["kill-3", "complete"],
    ]
    assert f"kill-1: skipped, {traced.data_dir}/kill-1.coverage is complete" in ended.stderr
    assert covered_functions(traced.data_dir / "kill-2.coverage") == {"blue"}

    # All are there now. Killed once more, the artifact of the play before is no reason to leave the second one out.
    again = kill_in_the_middle(words, traced, wait_until, tmp_path)
    assert set(again.values()) == {"complete"}
    ended = playback(*words, "--skip-existing", **traced.environ)
    assert [line.split("\t")[2] for line in ended.stdout.splitlines()] == ["skipped", "complete", "skipped"]


def kill_in_the_middle(
    words: tuple[object, ...], traced: Any, wait_until: Callable[..., None], tmp_path: Path
) -> dict[str, str | None]:
    """Kill a run that waits in its second profile; return what the sidecars then say."""
    artifacts = {slug: traced.data_dir / f"{slug}.coverage" for slug in ("kill-1", "kill-2", "kill-3")}
    runner = subprocess.Popen(
        [sys.executable, "-m", "profcov", "playback", *map(str, words), "--var", "where=red"],
        cwd=tmp_path,
        env={**os.environ, **traced.environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(
            lambda: list(traced.data_dir.glob("state/shards/kill-2.coverage.*.*.*")), "the second profile is recorded"
        )
        assert runner.poll() is None
    finally:
        runner.send_signal(signal.SIGKILL)
        assert runner.wait(30) == -signal.SIGKILL
    return {slug: read_sidecar(path)["status"] if path.exists() else None for slug, path in artifacts.items()}


def test_what_has_changed_since_is_played_again(tmp_path: Path, traced: Any, playback: Playback) -> None:
    profile = write(tmp_path, "kept", get("/red"))
    out = tmp_path / "out"

    def states() -> list[str]:
        words = (profile, *traced.words, "--out", out, "--skip-existing")
        return [line.split("\t")[2] for line in playback(*words, **traced.environ).stdout.splitlines()]

    assert states() == ["complete"]
    assert states() == ["skipped"]
    write(tmp_path, "kept", get("/blue"))
    os.utime(profile, ns=(2**62, 2**62))
    assert states() == ["complete"]
    os.utime(profile, ns=(0, 0))
    assert states() == ["skipped"]
    with (out / "kept.coverage").open("ab") as artifact:
        artifact.write(b"damage")
    assert states() == ["complete"]
    (out / "kept.profile.json").unlink()
    assert states() == ["complete"]


def test_without_tracing_there_is_nothing_to_skip(tmp_path: Path, playback: Playback) -> None:
    ended = playback(write(tmp_path, "a", get("/x")), "--skip-existing", "--base-url", "http://127.0.0.1:1")
    assert ended.returncode == 2
    assert "--skip-existing needs --trace-code" in ended.stderr

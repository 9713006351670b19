"""Two who play one profile at the same time: the first has it until the end, the second is told by whom it is played."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from written import covered_functions, get, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Playback = Callable[..., subprocess.CompletedProcess[str]]


def run(*words: object) -> tuple[int, str, str]:
    whole = [sys.executable, "-m", "profcov", *map(str, words)]
    ended = subprocess.run(whole, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture
def stand_still(tmp_path: Path, traced: Any, wait_until: Callable[..., None]) -> Iterator[Callable[[str], Any]]:
    """Start a play that has sent a request and waits for :func:`go_on` before the last."""
    with contextlib.ExitStack() as stack:

        def start(slug: str) -> tuple[Path, subprocess.Popen[str]]:
            wait = f'asked, request: {{path: /asked/{slug}}}, wait: {{path: /asked/{slug}, until: "untraced >= `1`"}}'
            path = write(tmp_path, slug, get("/red"), wait, get("/blue"))
            words = [sys.executable, "-m", "profcov", "playback", str(path), *traced.words, "--out", "first"]
            process = subprocess.Popen(
                words,
                cwd=tmp_path,
                env={**os.environ, **traced.environ},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            wait_until(lambda: list(traced.data_dir.glob(f"state/shards/{slug}.*")), "something is recorded")
            return path, process

        yield start


def go_on(traced: Any, slug: str) -> None:
    with urllib.request.urlopen(f"{traced.url}/asked/{slug}"):
        pass


def test_who_plays_a_profile_has_it_until_the_end_and_every_other_command_says_so(
    tmp_path: Path, traced: Any, stand_still: Callable[[str], Any]
) -> None:
    path, first = stand_still("at-once")
    data, play = ("--data-dir", traced.data_dir), ("--base-url", traced.url, "--data-dir", traced.data_dir)
    said = re.compile(
        rf"profcov: at-once is being played by \S+ \(`profcov playback`, process {first.pid} on \S+, since "
        r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\dZ\): wait until that has ended, or stop it\n"
    )
    for words in (
        ("playback", path, "--trace-code", *play),
        ("nightly", "--profiles", path, *play, "--source", tmp_path, "--out", tmp_path / "nights"),
        ("overhead", path, *play, "--runs", 1, "--out", tmp_path / "cost.json"),
        ("combine", "at-once", *data),
    ):
        code, _, stderr = run(*words)
        assert (code, bool(said.search(stderr))) == (3, True), (words, stderr)
    status = next(line for line in run("status", *data)[1].splitlines() if line.startswith("at-once\t"))
    assert f"(`profcov playback`, process {first.pid} on " in status
    assert run("clean", "at-once", *data)[1].startswith("at work\tat-once\t")
    go_on(traced, "at-once")
    stdout, stderr = first.communicate(timeout=60)
    assert first.returncode == 0, stderr
    assert stdout.split("\t")[2] == "complete"
    assert covered_functions(tmp_path / "first" / "at-once.coverage") == {"red", "blue"}


def test_a_play_that_was_killed_excludes_no_process(
    tmp_path: Path, traced: Any, stand_still: Callable[[str], Any], playback: Playback
) -> None:
    path, first = stand_still("killed")
    first.send_signal(signal.SIGKILL)
    first.wait(timeout=30)
    go_on(traced, "killed")
    code, stdout, _ = run("combine", "killed", "--data-dir", traced.data_dir, "--keep")
    assert (code, stdout.split("\t")[3]) == (1, "partial; playback-failed")
    again = playback(path, *traced.words, **traced.environ)
    assert (again.returncode, again.stdout.split("\t")[2]) == (0, "complete"), again.stderr

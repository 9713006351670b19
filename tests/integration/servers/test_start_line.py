"""A server or worker that records says so in one line, once for all its processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

APP = """import logging, os, pathlib
{before}
from profcov.web.{kind} import ProfileTraceMiddleware
{function} app(*_):
    pass
app = ProfileTraceMiddleware(app)
pathlib.Path(f"imported-{{os.getpid()}}").touch()
"""
WSGI = APP.format(kind="wsgi", function="def", before="")
ASGI = APP.format(kind="asgi", function="async def", before="")
LOGGED = APP.format(kind="wsgi", function="def", before="logging.basicConfig(level=logging.INFO)")
LINE = "profcov: recording into {place}/.profcov, configured by {place}/coverage.profile-playback.ini\n"
SERVERS = {
    "forked": (WSGI, 3, ["-m", "gunicorn", "-w", "3", "-b", "127.0.0.1:0", "app:app"]),
    "preloaded": (WSGI, 1, ["-m", "gunicorn", "-w", "3", "--preload", "-b", "127.0.0.1:0", "app:app"]),
    "spawned": (ASGI, 2, ["-m", "uvicorn", "--workers", "2", "--port", "0", "app:app"]),
    "logged": (LOGGED, 2, ["-m", "gunicorn", "-w", "2", "-b", "127.0.0.1:0", "app:app"]),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "coverage.profile-playback.ini").write_text("[run]\nsource = shop\n")
    return tmp_path


def environment(**more: str) -> dict[str, str]:
    ours = ("PROFILE_", "ENABLE_PROFILE_COVERAGE")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(ours)}, **more}


def serve(place: Path, app: str, processes: int, command: list[str], **env: str) -> str:
    """Serve until so many processes have imported the application; return what they have said."""
    (place / "app.py").write_text(app)
    with (place / "log").open("wb") as log:
        server = subprocess.Popen([sys.executable, *command], cwd=place, env=environment(**env), stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 60
            while len(list(place.glob("imported-*"))) < processes:
                assert server.poll() is None, (place / "log").read_text()
                assert time.monotonic() < deadline, (place / "log").read_text()
                time.sleep(0.02)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
    return (place / "log").read_text()


@pytest.mark.parametrize("server", SERVERS)
def test_one_of_its_processes_says_what_is_recorded(place: Path, server: str) -> None:
    app, processes, command = SERVERS[server]
    said = serve(place, app, processes, command, ENABLE_PROFILE_COVERAGE="1")
    told = [line for line in said.splitlines(keepends=True) if "profcov" in line]
    line = LINE.format(place=place)
    assert told == [f"INFO:profcov:{line}" if server == "logged" else line]


BESIDE = """import pathlib, time
{app}
while len(list(pathlib.Path().glob("imported-*"))) < 3:
    time.sleep(0.01)
"""


def test_each_of_several_servers_below_one_shell_says_it(place: Path) -> None:
    """The same command with another data directory, and with another port."""
    (place / "app.py").write_text(BESIDE.format(app=WSGI))
    python = f"{sys.executable} app.py"
    script = f"{python} --port 8001 & PROFILE_COVERAGE_DIR=other {python} --port 8001 & {python} --port 8002 & wait"
    env = environment(ENABLE_PROFILE_COVERAGE="1")
    done = subprocess.run(["sh", "-c", script], cwd=place, env=env, capture_output=True, text=True, check=True)
    line = LINE.format(place=place)
    assert sorted(done.stderr.splitlines(keepends=True)) == [line, line, line.replace(".profcov", "other")]


def test_nothing_is_logged_where_profcov_is_off(place: Path) -> None:
    assert "profcov" not in serve(place, *SERVERS["forked"])


def test_what_a_unit_has_started_logs_nothing(place: Path) -> None:
    (place / "app.py").write_text(WSGI)
    env = environment(ENABLE_PROFILE_COVERAGE="1", PROFILE_TRACE_SLUG="shop")
    done = subprocess.run([sys.executable, "app.py"], cwd=place, env=env, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_worker_says_it_too(place: Path, redis_url: str) -> None:
    command = ["-m", "profcov", "rq", "worker", "--with-coverage", "--burst", "--url", redis_url]
    env = environment(PROFILE_COVERAGE_ENGINE="ctrace")
    done = subprocess.run(
        [sys.executable, *command], cwd=place, env=env, capture_output=True, text=True, check=True, timeout=60
    )
    told = [line for line in done.stderr.splitlines(keepends=True) if "profcov: " in line]
    assert len(told) == 1
    assert LINE.format(place=place) in told[0]

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, request
from redis import Redis
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warm import Commands

HERE = Path(__file__).parent


@dataclass
class Seen:
    """A server in this process, and the requests that it saw: method, path, headers."""

    url: str
    app: Flask
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def answer(self, path: str, view: Callable[..., Any], method: str = "GET") -> None:
        self.app.add_url_rule(path, endpoint=f"{method} {path}", view_func=view, methods=[method])

    def slugs(self) -> list[str | None]:
        return [headers.get("X-Profile-Trace") for _, _, headers in self.requests]


@pytest.fixture
def serve() -> Iterator[Callable[..., Seen]]:
    """Start Flask servers on real sockets; ``status`` is put on every answer as the trace status."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with contextlib.ExitStack() as stack:
        yield lambda status=None: stack.enter_context(_serve(status))


@contextlib.contextmanager
def _serve(status: str | None) -> Iterator[Seen]:
    app = Flask("served")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    seen = Seen(f"http://127.0.0.1:{server.server_port}", app)

    @app.before_request
    def note() -> None:
        seen.requests.append((request.method, request.path, dict(request.headers)))

    @app.after_request
    def mark(response: Any) -> Any:
        if status is not None:
            response.headers["X-Profile-Trace-Status"] = status
        return response

    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def closed_port() -> Iterator[str]:
    """Give an address where nobody listens, and keep it from others meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """Connect to the session's server, emptied."""
    with Redis.from_url(redis_url) as connection:
        connection.flushall()
        yield connection


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Start gunicorn with ``traced_app.py``; it writes to ``tmp_path / "data"``. Gives the address."""
    with contextlib.ExitStack() as stack:
        yield lambda **environ: stack.enter_context(_gunicorn(tmp_path, environ))


@dataclass(frozen=True)
class Traced:
    """A server that records, the options of playback that lead there, and the environment that playback needs."""

    url: str
    data_dir: Path
    config: Path

    @property
    def words(self) -> tuple[str, ...]:
        return ("--trace-code", "--base-url", self.url, "--data-dir", str(self.data_dir))

    @property
    def environ(self) -> dict[str, str]:
        return {"PROFILE_COVERAGE_CONFIG": str(self.config)}


@pytest.fixture(scope="session")
def traced(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Traced]:
    """Start one gunicorn that records for all tests of the session; each has slugs of its own."""
    directory = tmp_path_factory.mktemp("traced")
    with _gunicorn(directory, {"ENABLE_PROFILE_COVERAGE": "1", "REDIS_URL": redis_url}) as url:
        yield Traced(url, directory / "data", directory / "measured.ini")


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Start an RQ worker that records, like gunicorn's application; ``environ`` needs REDIS_URL."""
    with contextlib.ExitStack() as stack:

        def start(**environ: str) -> None:
            words = ["rq", "worker", "--worker-class", "profcov.queues.rq.CoverageWorker", "--quiet"]
            process = subprocess.Popen(
                [str(Path(sys.executable).with_name(words[0])), *words[1:], "--path", str(HERE)],
                env={**_recording_environ(tmp_path), **environ, "RQ_REDIS_URL": environ["REDIS_URL"]},
            )
            stack.callback(process.wait, timeout=30)
            stack.callback(process.terminate)

        yield start


def _recording_environ(tmp_path: Path) -> dict[str, str]:
    config = tmp_path / "measured.ini"
    config.write_text(f"[run]\ninclude = {HERE}/traced_*.py\n")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PROFILE_", "ENABLE_PROFILE"))}
    return {**env, "PROFILE_COVERAGE_DIR": str(tmp_path / "data"), "PROFILE_COVERAGE_CONFIG": str(config)}


@contextlib.contextmanager
def _gunicorn(tmp_path: Path, environ: dict[str, str]) -> Iterator[str]:
    env = {**_recording_environ(tmp_path), **environ}
    words = ["-m", "gunicorn", "traced_app:app", "--bind", "127.0.0.1:0", "--workers", "1", "--threads", "4"]
    with subprocess.Popen(
        [sys.executable, *words, "--chdir", str(HERE), "--no-control-socket"],
        env=env,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            lines = []
            for line in process.stderr:
                lines.append(line)
                if found := re.search(r"Listening at: (\S+)", line):
                    break
            else:
                pytest.fail("gunicorn did not start:\n" + "".join(lines))
            drain = threading.Thread(target=process.stderr.read)
            drain.start()
            yield found[1]
        finally:
            process.terminate()
            process.wait(timeout=30)
            drain.join()


@pytest.fixture
def playback(tmp_path: Path, commands: Commands) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``profcov playback`` in ``tmp_path``."""

    def run(*words: object, **environ: str) -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("PROFILE_", "REDIS_URL"))}
        return commands.run(["playback", *map(str, words)], tmp_path, {**env, **environ})

    return run

"""Real servers, started as people start them: ``with serve("gunicorn gthread", "module:app", ...) as server:``."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ports import find_free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BIN = Path(sys.executable).parent
LAUNCHER = Path(__file__).parent / "launch.py"
_PYTHON = sys.executable
_GUNICORN = (_PYTHON, "-m", "gunicorn", "--bind=fd://{fd}", "--no-control-socket", "--log-level=warning")
_UVICORN = (_PYTHON, "-m", "uvicorn", "--fd={fd}", "--log-level=warning")
_GRANIAN = (_PYTHON, "-m", "granian", "--host=127.0.0.1", "--port={port}")
_UWSGI = (
    *(str(BIN / "uwsgi"), "--http-socket=127.0.0.1:{port}", "--master", "--die-on-term", "--enable-threads"),
    *("--disable-logging", "--need-app", "--virtualenv={prefix}"),
)

WSGI = {
    "gunicorn sync": (*_GUNICORN, "--workers=2", "{target}"),
    "gunicorn gthread": (*_GUNICORN, "--workers=2", "--worker-class=gthread", "--threads=4", "{target}"),
    "gunicorn gevent": (*_GUNICORN, "--workers=2", "--worker-class=gevent", "{target}"),
    "waitress": (_PYTHON, str(LAUNCHER), "waitress", "{fd}", "{target}"),
    "uWSGI": (*_UWSGI, "--processes=2", "--threads=4", "--module={target}"),
    "werkzeug": (_PYTHON, str(LAUNCHER), "werkzeug", "{fd}", "{target}"),
    "granian": (*_GRANIAN, "--interface=wsgi", "--workers=2", "--blocking-threads=4", "{target}"),
    "hypercorn": (_PYTHON, "-m", "hypercorn", "--bind=fd://{fd}", "--log-level=warning", "wsgi:{target}"),
}
ASGI = {
    "uvicorn": (*_UVICORN, "{target}"),
    "uvicorn, 2 workers": (*_UVICORN, "--workers=2", "{target}"),
    "hypercorn": (_PYTHON, "-m", "hypercorn", "--bind=fd://{fd}", "--log-level=warning", "--workers=2", "{target}"),
    "granian": (*_GRANIAN, "--interface=asgi", "--workers=2", "{target}"),
}
PACKAGES = {"uWSGI": "pyuwsgi"}
"""The distribution that a server is in, where it is not called like the first word of its name."""


@dataclass(frozen=True)
class Served:
    """A server that answers: where, its main process, and its log."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    words: tuple[str, ...]

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def stop(self, number: int = signal.SIGTERM, seconds: float = 20.0) -> int:
        """Ask it to stop as an operator does, and wait; fail if it has to be killed."""
        self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            kill_group(self.process)
            raise AssertionError(f"did not stop within {seconds} s:\n{self.log.read_text()}") from None


@contextlib.contextmanager
def serve(words: tuple[str, ...], target: str, environ: Mapping[str, str], directory: Path) -> Iterator[Served]:
    """Start a server for ``module:attribute``, in a process group of its own; words as in ``WSGI`` and ``ASGI``."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener, (directory / "log").open("wb") as log:
        takes_socket = any("{fd}" in word for word in words)
        port = listener.getsockname()[1] if takes_socket else find_free_port()
        names = {"fd": listener.fileno(), "port": port, "target": target, "prefix": sys.prefix}
        process = subprocess.Popen(
            [word.format(**names) for word in words],
            env={**environ, "PYTHONUNBUFFERED": "1"},
            cwd=directory,
            pass_fds=[listener.fileno()] if takes_socket else [],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Whoever runs the tests in the background of a shell has them ignore SIGINT.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        served = Served(port, process, directory / "log", words)
        try:
            _wait_until_it_answers(served)
            yield served
        finally:
            kill_group(process)


def _wait_until_it_answers(served: Served) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert served.process.poll() is None, served.log.read_text()
        assert time.monotonic() < deadline, f"does not answer:\n{served.log.read_text()}"
        connection = served.connect()
        try:
            connection.request("GET", "/not-there")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.02)
        else:
            break
        finally:
            connection.close()
    # A worker that is asked to stop while it starts does neither: gunicorn's has its parent's handlers first.
    words = served.words
    workers = [int(word.partition("=")[2]) for word in words if word.startswith("--workers=")]
    while "gunicorn" in words and _count_that_listen(served.process.pid) < sum(workers):
        assert time.monotonic() < deadline, f"does not start all workers:\n{served.log.read_text()}"
        time.sleep(0.02)
    while "granian" in words and served.log.read_text().count("Started worker-") < 2:
        assert time.monotonic() < deadline, f"does not start all workers:\n{served.log.read_text()}"
        time.sleep(0.02)


def _count_that_listen(pid: int) -> int:
    """Return how many children of gunicorn's main process have their own handlers of signals: that of SIGABRT is the last."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    masks = [re.findall(r"SigCgt:\s*(\w+)", Path(f"/proc/{child}/status").read_text()) for child in children]
    return sum(int(mask, 16) >> (signal.SIGABRT - 1) & 1 for found in masks for mask in found)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a server, its workers too."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

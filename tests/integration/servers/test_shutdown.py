"""Servers that are asked to stop in the middle of something: what the client has seen is on disk, and no lock is left."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import seen
import servers

from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory

if TYPE_CHECKING:
    from collections.abc import Callable

APPS = Path(__file__).parent / "apps"
NEW = sys.version_info >= (3, 12)
PRELOAD = (*servers.WSGI["gunicorn gthread"][:-1], "--preload", "{target}")
WSGI = {
    **{name: words for name, words in servers.WSGI.items() if NEW or "gevent" not in name},
    "gunicorn gthread, preload": PRELOAD,
}
ONE_HYPERCORN = tuple("--workers=1" if word == "--workers=2" else word for word in servers.ASGI["hypercorn"])
ASGI = {**servers.ASGI, "hypercorn, 1 worker": ONE_HYPERCORN}
CASES = [("wsgi", name) for name in WSGI] + [("asgi", name) for name in servers.ASGI]


@pytest.fixture
def start(tmp_path: Path, environ_for: Callable[..., dict[str, str]]) -> Callable[[str, str], Any]:
    (tmp_path / "many_functions.py").touch()

    def serve(kind: str, name: str) -> Any:
        words = (WSGI if kind == "wsgi" else ASGI)[name]
        return servers.serve(words, f"life:{kind}", environ_for(tmp_path, APPS, tmp_path), tmp_path)

    return serve


def combined(directory: Path, slug: str, *may_say: str) -> set[str]:
    """Return the functions in the artifact, made without waiting: nobody works for the slug any more."""
    made = combine(
        DataDirectory(directory / "data"), parse_slug(slug), config_file=directory / "measured.ini", timeout=0
    )
    assert set(made.reasons) <= set(may_say)
    return seen.in_file(made.path)


SIGNALS = (signal.SIGTERM, signal.SIGINT)
QUITS_IN_A_HANDLER = {("gunicorn gthread", signal.SIGINT), ("gunicorn gthread, preload", signal.SIGINT)}
"""There the handler of a worker asks its pool to shut down, for whose lock it waits for ever if it has struck in `submit`."""
ALL = [(kind, name, number) for kind, name in CASES for number in SIGNALS]
SOME = [case for case in ALL if case[2] == signal.SIGTERM or case[1] in {"gunicorn gthread", "werkzeug", "uvicorn"}]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Send each signal to each server with ``--full``, else SIGTERM to each and SIGINT to some."""
    if "number" in metafunc.fixturenames:
        cases = ALL if metafunc.config.getoption("--full") else SOME
        ids = [f"{kind}-{name}-{number.name}" for kind, name, number in cases]
        metafunc.parametrize(("kind", "name", "number"), cases, ids=ids)


def test_what_a_client_has_received_is_on_disk(
    tmp_path: Path, start: Callable[[str, str], Any], kind: str, name: str, number: signal.Signals
) -> None:
    with start(kind, name) as served:
        quick = served.connect()
        quick.request("GET", "/quick", headers={"X-Profile-Trace": "quick"})
        assert quick.getresponse().read() == b"quick"
        quick.close()
        slow = served.connect()
        slow.request("GET", "/slow", headers={"X-Profile-Trace": "slow"})
        answer = slow.getresponse()
        assert answer.getheader("X-Profile-Trace-Status") == "traced"
        received = answer.readline()
        assert received == b"first\n"
        served.process.send_signal(number)
        (tmp_path / "go-on").touch()
        try:
            received += answer.read()
        except Exception:  # noqa: BLE001 (a server that does not wait breaks the connection in its own way)
            received += b""
        slow.close()
        try:
            served.process.wait(20 if "gevent" not in name else 3)
        except subprocess.TimeoutExpired:
            # Some do not always stop, with and without profcov; killed, they lose nothing, too.
            assert {"gevent", "granian"} & set(name.split()) or (name, number) in QUITS_IN_A_HANDLER
        servers.kill_group(served.process)  # workers that their main process has left behind
    # Some servers do not wait for what they have begun, be it the last step of a request that is answered.
    functions = combined(tmp_path, "slow", "process-died")
    assert "first" in functions
    assert ("last" in functions) >= (b"last" in received)
    assert combined(tmp_path, "quick", "process-died") == {"bare_" + kind, "quick"} - {"many_functions"}
    assert not (tmp_path / "data" / "state" / "quarantine").exists()


@pytest.mark.parametrize("name", ["uvicorn", "uvicorn, 2 workers", "hypercorn, 1 worker"])
def test_what_a_task_has_run_after_its_request_is_on_disk(
    tmp_path: Path, start: Callable[[str, str], Any], wait_until: Callable[..., None], name: str
) -> None:
    """Though uvicorn kills itself by the signal in the end, so that nothing at exit runs.

    granian does not tell of a shutdown; hypercorn kills its other workers as soon as the first has ended. There, what a
    task has run since the last write, some seconds before, is lost.
    """
    with start("asgi", name) as served:
        client = served.connect()
        client.request("GET", "/task", headers={"X-Profile-Trace": "task"})
        assert client.getresponse().read() == b"quick"
        client.close()
        wait_until((tmp_path / "late").exists, "the task runs")
        served.stop()
    assert combined(tmp_path, "task") >= {"outlive", "late"}

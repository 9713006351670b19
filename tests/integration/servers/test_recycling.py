"""Nothing is lost or misfiled while workers come and go: each request runs a function of its own, so each one counts."""

from __future__ import annotations

import collections
import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import servers

from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.read import read_lines

if TYPE_CHECKING:
    from collections.abc import Callable

APPS = Path(__file__).parent / "apps"
sys.path.insert(0, str(APPS))

import many  # noqa: E402 (it is beside the applications)

SLUGS = ("a", "b", "c", "d", "e", "f")
CLIENTS = 8


class Traffic:
    """Sends each request until it is answered, from several threads, and remembers how often it had to."""

    def __init__(self, served: servers.Served, wanted: list[tuple[str | None, int]]) -> None:
        self._served = served
        self._wanted: queue.SimpleQueue[tuple[str | None, int]] = queue.SimpleQueue()
        for each in wanted:
            self._wanted.put(each)
        self.said: collections.Counter[str | None] = collections.Counter()
        self.again = 0
        self.errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._work) for _ in range(CLIENTS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def left(self) -> int:
        return self._wanted.qsize()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()
        for error in self.errors:
            raise AssertionError(self._served.log.read_text()) from error

    def _work(self) -> None:
        try:
            while True:
                slug, number = self._wanted.get_nowait()
                self._send(slug, number)
        except queue.Empty:
            pass
        except BaseException as error:  # noqa: BLE001 (for the test's own thread to raise)
            self.errors.append(error)

    def _send(self, slug: str | None, number: int) -> None:
        headers = {} if slug is None else {"X-Profile-Trace": slug}
        deadline = time.monotonic() + 30
        while True:
            connection = self._served.connect()
            try:
                connection.request("GET", f"/f/{number}", headers=headers)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException):  # a worker that goes resets what it has not accepted yet
                self.again += 1
                assert time.monotonic() < deadline
                time.sleep(0.01)
                continue
            finally:
                connection.close()
            assert (answer.status, body) == (200, str(number if slug else -number).encode())
            self.said[answer.getheader("X-Profile-Trace-Status")] += 1
            return


def make_plan(requests: int) -> tuple[dict[str, list[int]], list[tuple[str | None, int]]]:
    """Return which functions each slug asks for, each its own and but once, and all requests in the order they are sent.

    Untraced requests ask for some of them, too.
    """
    each = requests // len(SLUGS)
    plan = {slug: list(range(1 + number, 1 + requests, len(SLUGS)))[:each] for number, slug in enumerate(SLUGS)}
    wanted: list[tuple[str | None, int]] = [(slug, plan[slug][position]) for position in range(each) for slug in SLUGS]
    wanted += [(None, number) for number in range(1, requests, 25)]
    wanted.sort(key=lambda pair: pair[1])
    return plan, wanted


def truth_of(plan: dict[str, list[int]], directory: Path) -> Any:
    done = subprocess.run(
        [sys.executable, str(APPS / "alone.py")],
        input=json.dumps(plan),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(APPS), str(directory)])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def found_in(directory: Path, slug: str) -> dict[str, list[int]]:
    """Combine, which works at once where no process has work in flight any more, and return the lines."""
    made = combine(directory / "data", parse_slug(slug), config_file=directory / "measured.ini", timeout=1)
    assert made.complete
    return {Path(name).name: sorted(lines) for name, lines in read_lines(made.path).items()}


GUNICORN = (sys.executable, "-m", "gunicorn", "--bind=fd://{fd}", "--no-control-socket", "--log-level=warning")
KINDS: dict[str, tuple[tuple[str, ...], int, int | None]] = {
    "gunicorn gthread, recycled, HUP": (
        (*GUNICORN, "--workers=2", "--worker-class=gthread", "--threads=8", "--max-requests=200", "{target}"),
        5000,
        signal.SIGHUP,
    ),
    "gunicorn sync, preload, recycled": (
        (*GUNICORN, "--workers=2", "--preload", "--max-requests=50", "{target}"),
        900,
        None,
    ),
    "uWSGI, recycled": ((*servers.WSGI["uWSGI"], "--max-requests=60"), 900, None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_request_is_in_its_slugs_artifact_and_nowhere_else(
    request: pytest.FixtureRequest, tmp_path: Path, environ_for: Callable[..., dict[str, str]], kind: str
) -> None:
    words, requests, in_the_middle = KINDS[kind]
    if not request.config.getoption("--full"):
        requests = min(requests, 1200)
    plan, wanted = make_plan(requests)
    many.make(tmp_path / "many_functions.py", requests + 1)
    with servers.serve(words, "life:wsgi", environ_for(tmp_path, APPS, tmp_path), tmp_path) as served:
        traffic = Traffic(served, wanted)
        traffic.start()
        if in_the_middle is not None:
            while traffic.left > len(wanted) // 2 and not traffic.errors:
                time.sleep(0.005)
            served.process.send_signal(in_the_middle)
        traffic.join()
        served.stop()
    assert traffic.said == {
        "traced": requests // len(SLUGS) * len(SLUGS),
        None: len(wanted) - sum(map(len, plan.values())),
    }
    truth = truth_of(plan, tmp_path)
    for slug in SLUGS:
        assert found_in(tmp_path, slug) == truth[slug]
    assert not (tmp_path / "data" / "quarantine").exists()

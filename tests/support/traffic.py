"""Traffic that runs a function of its own with each request, and what should be recorded of it."""

from __future__ import annotations

import collections
import http.client
import json
import os
import queue
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import servers

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


def truth_of(plan: dict[str, list[int]], apps: Path, directory: Path) -> Any:
    """Return the lines of each slug, from a process that runs its requests one after another, alone."""
    done = subprocess.run(
        [sys.executable, str(apps / "alone.py")],
        input=json.dumps(plan),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(apps), str(directory)])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)

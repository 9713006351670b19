from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import seen
from redis import Redis
from said import without_start_line

from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.read import read_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APPS = Path(__file__).parent / "apps"
PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "celery.md"
FILE = re.compile(r"^<!-- file: (\S+) -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BEGIN = """
import json
import celery
import jobs
import profcov
from jobs import redis
def tell(value):
    print(json.dumps(value))
"""


@dataclass(frozen=True)
class Tasks:
    """Programs that start tasks of the page's application, workers that work, and what they recorded."""

    directory: Path
    environ: dict[str, str]
    redis: Redis

    def run(self, program: str, **environ: str) -> Any:
        """Run a program that starts tasks; return what it tells."""
        # Celery calls what redis-py has deprecated.
        warnings = ["-W", "error", "-W", "ignore:Call to deprecated:DeprecationWarning"]
        words = [sys.executable, *warnings, "-c", BEGIN + textwrap.dedent(program)]
        done = subprocess.run(
            words, env={**self.environ, **environ}, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        assert without_start_line(done.stderr) == ""
        return json.loads(done.stdout.splitlines()[-1])

    @contextmanager
    def working(self, pool: str) -> Iterator[subprocess.Popen[bytes]]:
        """Let a worker work inside this block; then it must end in good order."""
        words = [sys.executable, "-m", "celery", "-A", "jobs", "worker", "--pool", pool, "--concurrency", "3"]
        words += ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
        log = self.log(pool)
        with log.open("wb") as output:
            worker = subprocess.Popen(
                words, cwd=self.directory, env=self.environ, stdout=output, stderr=output, start_new_session=True
            )
        try:
            yield worker
            worker.terminate()
            assert worker.wait(30) == 0, log.read_text()
        finally:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()

    def log(self, pool: str) -> Path:
        return self.directory / f"{pool}.log"

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def lines(self, slug: str) -> set[int]:
        """Return the lines of the tasks' module in a profile's artifact."""
        (lines,) = read_lines(self._artifact(slug)).values()
        return lines

    def functions(self, slug: str) -> set[str]:
        """Return the functions in a profile's artifact."""
        return seen.in_file(self._artifact(slug))

    def _artifact(self, slug: str) -> Path:
        made = combine(DataDirectory(self.data), parse_slug(slug), timeout=30)
        assert made.complete
        return made.path


@pytest.fixture(scope="module")
def tasks(
    tmp_path_factory: pytest.TempPathFactory, redis_url: str, environ_for: Callable[..., dict[str, str]]
) -> Iterator[Tasks]:
    """The application of the page, saved as it says."""
    directory = tmp_path_factory.mktemp("celery")
    page = directory / "page"
    page.mkdir()
    for name, text in FILE.findall(PAGE.read_text(encoding="utf-8")):
        changed = text.replace("redis://127.0.0.1:6379/0", redis_url)
        (page / name).write_text(changed, encoding="utf-8")
    environ = environ_for(directory, APPS, REDIS_URL=redis_url)
    environ["PYTHONPATH"] = os.pathsep.join([str(page), environ["PYTHONPATH"]])
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
        yield Tasks(directory, environ, redis)


@pytest.fixture(scope="module", params=["prefork", "threads"])
def pool(request: pytest.FixtureRequest, tasks: Tasks) -> Iterator[str]:
    """A worker of each pool, shared by the tests of a module."""
    with tasks.working(request.param):
        yield str(request.param)

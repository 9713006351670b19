from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import seen
from crashes import children_of
from redis import Redis
from rq.job import Job
from said import without_start_line

from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

APPS = Path(__file__).parent / "apps"
WARNINGS = ["-W", "error", "-W", "ignore:datetime.datetime.utcnow:DeprecationWarning"]  # RQ 1.16 calls that
BEGIN = """
import inspect, json, os
import jobs
import profcov
from redis import Redis
from rq import Queue
from rq.job import Job
from profcov.queues.rq import TracedJob, TracedQueue, install, uninstall
redis = Redis.from_url(os.environ["REDIS_URL"])
queue = Queue(connection=redis)
install()
def tell(value):
    print(json.dumps(value))
def positional(function, **given):  # RQ's versions differ in what comes before the last that is given
    parameters = list(inspect.signature(function).parameters.values())
    last = max(number for number, each in enumerate(parameters) if each.name in given)
    return [given.get(each.name, each.default) for each in parameters[: last + 1]]
"""


class Worker(subprocess.Popen[bytes]):
    """A worker's process; as a context manager, one that is killed if the block fails, and may run on if it does not."""

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            below = [self.pid]
            for pid in below:
                below += children_of(pid)  # a pool's workers, their horses and scheduler
            for pid in below:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        super().__exit__(kind, value, traceback)


@dataclass(frozen=True)
class Jobs:
    """Programs that enqueue, workers that work, and what they recorded."""

    directory: Path
    environ: dict[str, str]
    redis: Redis

    def run(self, program: str) -> Any:
        """Run a program that enqueues; return what it tells."""
        import json

        words = [sys.executable, *WARNINGS, "-c", BEGIN + textwrap.dedent(program)]
        done = subprocess.run(words, env=self.environ, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        assert without_start_line(done.stderr) == ""
        return json.loads(done.stdout.splitlines()[-1])

    def start_worker(
        self, *words: str, command: str = "worker", zero_code: bool = False, **environ: str
    ) -> subprocess.Popen[bytes]:
        whole = [sys.executable, "-m", "rq.cli", command, *words, "--quiet", "--url", self.environ["REDIS_URL"]]
        if zero_code:
            whole = [sys.executable, "-m", "profcov", "run", "--", *whole]
        elif "--worker-class" not in words and "RQ_WORKER_CLASS" not in environ:
            whole += ["--worker-class", "profcov.queues.rq.CoverageWorker"]
        return Worker(whole, env={**self.environ, **environ}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start_pool(self, size: int = 2) -> subprocess.Popen[bytes]:
        whole = [sys.executable, "-m", "profcov", "rq", "worker-pool", "--with-coverage", "--quiet", "-n", str(size)]
        words = [*whole, "--url", self.environ["REDIS_URL"]]
        return Worker(words, env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def work(self, *words: str, **environ: Any) -> None:
        """Run a worker until there is nothing left to do."""
        with self.start_worker("--burst", *words, **environ) as worker:
            assert worker.wait(60) == 0

    def fetch(self, job_id: str) -> Job:
        return Job.fetch(job_id, connection=self.redis)

    def status(self, job_id: str) -> str:
        status: Any = self.redis.hget(f"rq:job:{job_id}", "status")
        return bytes(status or b"").decode()

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def functions(self, slug: str) -> set[str]:
        return seen.in_shards(self.data, slug)

    def combined(self, slug: str) -> set[str]:
        made = combine(DataDirectory(self.data), parse_slug(slug), timeout=30)
        assert made.complete
        return seen.in_file(made.path)


@pytest.fixture
def rq(tmp_path: Path, redis_url: str, environ_for: Callable[..., dict[str, str]]) -> Iterator[Jobs]:
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
        yield Jobs(tmp_path, environ_for(tmp_path, APPS, REDIS_URL=redis_url), redis)

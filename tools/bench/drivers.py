"""The parent's side of a variant: start its process, have it run a batch, stop it, and see what it has recorded."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from catalogue import SLUGS, find_variant, find_workload
from coverage import CoverageData
from rig import RECORDED, pick_slug

from profcov.store.layout import list_shards, list_slugs

if TYPE_CHECKING:
    from types import TracebackType

WORKER = Path(__file__).with_name("worker.py")
_OURS = ("PROFILE_", "ENABLE_PROFILE_COVERAGE", "COVERAGE_", "GUNICORN_", "PYTHONPATH")
_STOP_SECONDS = 30


class BenchError(Exception):
    """Raised when a process of the benchmark dies, or does something else than it is measured for."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds a request; ``cpu`` is the processor time of the variant's process, None where the system does not tell."""

    seconds: float
    cpu: float | None


class Driver:
    """One variant's process, in process: told by a pipe what to run."""

    def __init__(self, python: str, workload: str, variant: str, directory: Path) -> None:
        self.variant = find_variant(variant)
        self.workload = workload
        self._directory = directory
        directory.mkdir(parents=True)
        # One seed for all: where strings land in dictionaries makes a few percent between two processes.
        environ = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        with (directory / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [python, str(WORKER), workload, variant, str(directory)],
                env={**environ, "PYTHONHASHSEED": "0"},
                cwd=directory,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.stop()
        if kind is None:
            self.check_recorded()

    def start(self) -> None:
        """Wait until the process is ready."""
        self._read()

    def run(self, load: str, count: int) -> Sample:
        """Run a batch of requests."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has died: reading says why
            self._process.stdin.write(json.dumps({"load": load, "count": count}) + "\n")
            self._process.stdin.flush()
        took = self._read()
        return Sample(took["seconds"] / count, took["cpu"] / count)

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            log = (self._directory / "log").read_text(encoding="utf-8", errors="replace").strip()
            raise BenchError(f"{self.workload}, {self.variant.title}: the process ended; its last words: {log[-2000:]}")
        return json.loads(line)

    def stop(self) -> None:
        """End the process as it ends by itself, so that it saves what it has; kill it if it does not."""
        self._ask_to_stop()
        try:
            self._process.communicate(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def _ask_to_stop(self) -> None:
        """Nothing: standard input is closed next, which is the end of the process."""

    def check_recorded(self) -> None:
        """Fail if lines were recorded by a variant that should not, or none by one that should."""
        lines = count_recorded(self._directory)
        should = self.variant.traces or self.variant.key in {"ctrace", "sysmon", "each"}
        if should != (lines > 0):
            raise BenchError(f"{self.workload}, {self.variant.title}: it has recorded {lines} lines")


class ServedDriver(Driver):
    """One variant's server: asked over one connection that is kept alive."""

    def start(self) -> None:
        """Connect, and see that requests are traced if they should be."""
        facts = self._read()
        self._pid = facts["pid"]
        self._connection = socket.create_connection(("127.0.0.1", facts["port"]), timeout=60)
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = [self._make_request(turn) for turn in range(SLUGS)]
        head, _, _ = self._ask(self._requests[0]).partition(b"\r\n\r\n")
        traced = b"x-profile-trace-status: traced" in head.lower()
        if not head.startswith(b"HTTP/1.1 2") or traced != self.variant.traces:
            raise BenchError(f"{self.workload}, {self.variant.title}: it answered {head.decode('latin-1')}")

    def _make_request(self, turn: int) -> bytes:
        path = "/rain/7" if self.workload == "starlette" else "/"
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: */*", "User-Agent: bench"]
        slug = pick_slug(self.variant.key, turn)
        if slug is not None:
            lines.append(f"X-Profile-Trace: {slug}")
        return "\r\n".join([*lines, "", ""]).encode("ascii")

    def run(self, load: str, count: int) -> Sample:  # noqa: ARG002 (served workloads have one load)
        """Ask one request after the other."""
        cpu, started = _read_cpu(self._pid), time.perf_counter()
        for turn in range(count):
            self._ask(self._requests[turn % SLUGS])
        seconds = (time.perf_counter() - started) / count
        return Sample(seconds, None if cpu is None else ((_read_cpu(self._pid) or cpu) - cpu) / count)

    def _ask(self, request: bytes) -> bytes:
        self._connection.sendall(request)
        answer = b""
        while not _is_whole(answer):
            chunk = self._connection.recv(65536)
            if not chunk:
                raise BenchError(f"{self.workload}, {self.variant.title}: the server closed the connection")
            answer += chunk
        return answer

    def _ask_to_stop(self) -> None:
        if hasattr(self, "_connection"):
            self._connection.close()
        # uvicorn hands SIGTERM on to the system, which ends the process before coverage.py has saved.
        self._process.send_signal(signal.SIGINT if self.workload == "starlette" else signal.SIGTERM)


def open_driver(python: str, workload: str, variant: str, directory: Path) -> Driver:
    """Return the driver of a variant; its process starts at once."""
    kind = ServedDriver if find_workload(workload).served else Driver
    return kind(python, workload, variant, directory)


def count_recorded(directory: Path) -> int:
    """Return how many lines a variant has left in its directory, in whatever form."""
    lines = int(noted.read_text(encoding="ascii")) if (noted := directory / RECORDED).exists() else 0
    data = directory / "data"
    files = [
        *directory.glob("whole.coverage"),
        *(path for slug in list_slugs(data) for path in list_shards(data, slug)),
    ]
    for path in files:
        found = CoverageData(basename=str(path))
        found.read()
        lines += sum(len(found.lines(name) or ()) for name in found.measured_files())
    return lines


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    _, found, rest = head.lower().partition(b"content-length:")
    return len(body) >= (int(rest.split(b"\r\n", 1)[0]) if found else 0)


def _read_cpu(pid: int) -> float | None:
    """Return the processor seconds of all threads of a process, as Linux counts them."""
    try:
        tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
        return sum(int(task.read_text(encoding="ascii").split()[0]) for task in tasks) / 1e9 or None
    except (OSError, ValueError, IndexError):
        return None

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import seen

from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.lock import exclusive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APPS = Path(__file__).parent / "apps"


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the headers in their order, the body, and the value of the status header."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def trace_status(self) -> list[str]:
        return [value for name, value in self.headers if name.lower() == "x-profile-trace-status"]


@dataclass(frozen=True)
class Server:
    """A server in a process of its own, and where it records."""

    port: int
    directory: Path
    process: subprocess.Popen[bytes]

    def get(
        self, path: str, slug: str | None = None, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Answer:
        """Send a request; ``x_profile_trace="demo"`` is a header, too."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, given if slug is None else {"X-Profile-Trace": slug, **given})
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def exchange(self, path: str, slug: str | None = None, method: str = "GET", body: bytes = b"") -> bytes:
        """Return the bytes of an answer as they came, whatever they are."""
        lines = [f"{method} {path} HTTP/1.1", "Host: here", "Connection: close", f"Content-Length: {len(body)}"]
        if slug is not None:
            lines.append(f"X-Profile-Trace: {slug}")
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
            received = b""
            with contextlib.suppress(ConnectionResetError):
                while block := connection.recv(65536):
                    received += block
        return received

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def functions(self, slug: str) -> set[str]:
        """Return the functions in the slug's shards right now."""
        return seen.in_shards(self.data, slug)

    def is_at_work_for(self, slug: str) -> bool:
        try:
            with exclusive(DataDirectory(self.data), parse_slug(slug), 0):
                return False
        except Exception:  # noqa: BLE001
            return True

    def combined(self, slug: str, *reasons: str) -> set[str]:
        """Combine, which waits for work in flight; return the functions in the artifact, which is partial for these reasons."""
        made = combine(
            DataDirectory(self.data), parse_slug(slug), config_file=self.directory / "measured.ini", timeout=30
        )
        assert made.reasons == reasons
        return seen.in_file(made.path)


@pytest.fixture(scope="module")
def serve(
    tmp_path_factory: pytest.TempPathFactory, environ_for: Callable[..., dict[str, str]]
) -> Iterator[Callable[..., Server]]:
    """Start a server: ``serve(words)``, where ``{fd}`` in a word is the listening socket's number."""
    with contextlib.ExitStack() as stack:

        def start(*words: str, **environ: str) -> Server:
            directory = tmp_path_factory.mktemp("server")
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
            fd = listener.fileno()
            log = stack.enter_context((directory / "log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, *(word.format(fd=fd) for word in words)],
                env=environ_for(directory, APPS, **environ),
                pass_fds=[fd],
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=directory,
            )
            stack.callback(process.__exit__, None, None, None)
            stack.callback(process.terminate)
            return Server(listener.getsockname()[1], directory, process)

        yield start

"""Connections are used again where that is safe: servers close them whenever they like, and no POST is sent twice."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from profcov.playback.client.call import Call
from profcov.playback.client.client import Client
from profcov.playback.client.failure import StepFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

GET = Call(method="GET", path="/x")
POST = Call(method="POST", path="/x", body=b"once")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Closing:
    """A server that answers so many requests on a connection, reads one more, and closes without an answer."""

    def __init__(self, answers: int) -> None:
        self.seen: list[tuple[int, str]] = []
        """The number of the connection and the method, for each request that was read."""
        self._answers = answers
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def accept(self) -> None:
        with contextlib.suppress(OSError):  # it was shut down
            while True:
                connection, _ = self._listening.accept()
                thread = threading.Thread(target=self._talk, args=(connection, len(self._threads)))
                self._threads.append(thread)
                thread.start()

    def _talk(self, connection: socket.socket, number: int) -> None:
        connection.settimeout(10)  # a client that leaves it open has failed, and is not waited for
        with connection:
            for _ in range(self._answers):
                if not self._read(connection, number):
                    return
                connection.sendall(ANSWER)
            self._read(connection, number)

    def _read(self, connection: socket.socket, number: int) -> bool:
        request = b""
        while not request.endswith((b"\r\n\r\n", b"once")):
            part = connection.recv(65536)
            if not part:
                return False
            request += part
        if request.startswith(b"POST") and not request.endswith(b"once"):
            connection.recv(65536)
        self.seen.append((number, request.split()[0].decode()))
        return True

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def closing() -> Iterator[Callable[[int], Closing]]:
    with contextlib.ExitStack() as stack:

        def start(answers: int) -> Closing:
            server = Closing(answers)
            thread = threading.Thread(target=server.accept)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.close)
            return server

        yield start


def open_client(url: str) -> Client:
    return Client(url, None, [], timeout=10)


def test_requests_that_only_read_share_a_connection_and_others_have_a_new_one(
    closing: Callable[[int], Closing],
) -> None:
    server = closing(100)
    with open_client(server.url) as client:
        for call in (GET, GET, POST, GET, POST, POST):
            client.send(call)
    assert server.seen == [(0, "GET"), (0, "GET"), (1, "POST"), (1, "GET"), (2, "POST"), (3, "POST")]


def test_a_get_is_sent_again_if_its_connection_was_closed_before_the_answer(
    closing: Callable[[int], Closing],
) -> None:
    server = closing(1)
    with open_client(server.url) as client:
        assert client.send(GET).text == "ok"
        assert client.send(GET).text == "ok"
    assert server.seen == [(0, "GET"), (0, "GET"), (1, "GET")]


@pytest.mark.parametrize("call", [GET, POST], ids=["GET", "POST"])
def test_nothing_is_sent_again_if_the_connection_was_new(closing: Callable[[int], Closing], call: Call) -> None:
    server = closing(0)
    with open_client(server.url) as client, pytest.raises(StepFailedError, match="the connection broke"):
        client.send(call)
    assert server.seen == [(0, call.method)]


def test_a_post_after_a_get_never_meets_a_connection_that_is_being_closed(closing: Callable[[int], Closing]) -> None:
    server = closing(1)
    with open_client(server.url) as client:
        for _ in range(20):
            client.send(GET)
            client.send(POST)
    assert [method for _, method in server.seen].count("POST") == 20


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with an application for WSGI and one for ASGI that says how many requests of a kind it has had."""
    directory = tmp_path_factory.mktemp("counting")
    (directory / "counting.py").write_text(
        "from collections import Counter\n"
        "from starlette.applications import Starlette\n"
        "from starlette.responses import PlainTextResponse\n"
        "from starlette.routing import Route\n"
        "seen = Counter()\n"
        "def wsgi(environ, start_response):\n"
        "    seen[environ['REQUEST_METHOD']] += 1\n"
        "    body = str(seen[environ['REQUEST_METHOD']]).encode()\n"
        "    start_response('200 OK', [('Content-Length', str(len(body)))])\n"
        "    return [body]\n"
        "async def answer(request):\n"
        "    seen[request.method] += 1\n"
        "    return PlainTextResponse(str(seen[request.method]))\n"
        "asgi = Starlette(routes=[Route('/x', answer, methods=['GET', 'POST'])])\n"
    )
    return directory


SERVERS = {
    "gunicorn": (
        ["gunicorn", "counting:wsgi", "--bind=127.0.0.1:0", "--threads=2", "--keep-alive=1"],
        r"Listening at: (\S+)",
    ),
    "uvicorn": (["uvicorn", "counting:asgi", "--port=0", "--timeout-keep-alive=1"], r"running on (\S+)"),
}


def find_idle(client: Client, url: str) -> Any:
    """Return the connection that urllib3 keeps for a server."""
    adapter: Any = client._session.get_adapter(url)
    pools = adapter.poolmanager.pools
    (key,) = pools.keys()
    return pools[key].pool.queue[-1]


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_that_closes_idle_connections_is_asked_over_a_new_one(
    counting: Path, wait_until: Callable[..., None], name: str
) -> None:
    words, pattern = SERVERS[name]
    with subprocess.Popen([sys.executable, "-m", *words], cwd=counting, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            url = next(found[1] for line in server.stderr if (found := re.search(pattern, line)))
            with open_client(url) as client:
                for call in (GET, POST):
                    client.send(GET)
                    connection = find_idle(client, url)
                    assert connection.is_connected, "the server keeps it for a while"
                    wait_until(lambda kept=connection: not kept.is_connected, "the server closes the connection")
                    client.send(call)
                assert [client.send(call).text for call in (GET, POST)] == ["4", "2"], "each was there once"
        finally:
            server.terminate()
            server.communicate()

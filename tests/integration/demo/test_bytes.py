"""Recorded responses of the demo's servers, byte for byte: without profcov, switched on, and with a slug."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests.adapters
import servers
from redis import Redis

from profcov.demo.run import demo_files
from profcov.demo.runs import QUEUE
from profcov.playback.loading import load_profiles
from profcov.playback.player.options import PlayOptions
from profcov.playback.player.runner import play_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

UNLIKE = re.compile(
    rb"(?im)^date:.*\r\n|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{12}\b|\b[0-9a-f]{32}\b"
)
"""What two answers never share: their date, and the ids of runs and jobs that they make."""
STATUS = re.compile(rb"(?im)^x-profile-trace-status: (.*)\r\n")


@dataclass(frozen=True)
class Recorded:
    """A request as playback sent it: ``host`` is "web" or "api"."""

    host: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def send(self, port: int, slug: str | None) -> bytes:
        """Return the bytes of the answer."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: here", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [f"Content-Length: {len(self.body)}"] + ([] if slug is None else [f"X-Profile-Trace: {slug}"])
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + self.body)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@contextlib.contextmanager
def start(directory: Path, environ: dict[str, str]) -> Iterator[dict[str, int]]:
    """Serve the demo's two applications; yield the port of each."""
    with contextlib.ExitStack() as stack:
        ports = {}
        for host, words, target in (
            ("web", servers.WSGI["gunicorn gthread"], "profcov.demo.wsgi:app"),
            ("api", servers.ASGI["uvicorn"], "profcov.demo.asgi:app"),
        ):
            (directory / host).mkdir(parents=True)
            ports[host] = stack.enter_context(servers.serve(words, target, environ, directory / host)).port
        yield ports


def record(monkeypatch: pytest.MonkeyPatch, ports: dict[str, int], environ: dict[str, str]) -> list[Recorded]:
    """Play the demo's profiles without tracing and return each request that was sent, once."""
    sent: dict[Recorded, None] = {}
    hosts = {port: host for host, port in ports.items()}
    original = requests.adapters.HTTPAdapter.send

    def send(self: Any, request: Any, **options: Any) -> Any:
        body = request.body or b""
        kept = tuple((k, v) for k, v in request.headers.items() if k not in {"Connection", "Content-Length"})
        url = urlsplit(request.url)
        body = body.encode() if isinstance(body, str) else body
        sent[Recorded(hosts[url.port], request.method, request.path_url, kept, body)] = None
        return original(self, request, **options)

    words = [sys.executable, "-m", "rq.cli", "worker", f"--url={environ['REDIS_URL']}", "--quiet", QUEUE]
    with monkeypatch.context() as patch, demo_files() as (_, paths), subprocess.Popen(words, env=environ) as worker:
        patch.setattr(requests.adapters.HTTPAdapter, "send", send)
        base_url, api_url = (f"http://127.0.0.1:{ports[host]}" for host in ("web", "api"))
        profiles = load_profiles(paths, {"api_url": api_url})
        outcomes = play_all(profiles, PlayOptions(base_url=base_url), jobs=len(profiles))
        worker.terminate()
    assert [outcome.error for outcome in outcomes] == [None] * len(profiles)
    return list(sent)


def vary(request: Recorded) -> Iterator[Recorded]:
    """Yield a request, and what else a client may send there: only the head, half of the body, another method."""
    yield request
    if request.method == "GET":
        yield replace(request, method="HEAD")
    if request.body:
        yield replace(request, body=request.body[: len(request.body) // 2])
    yield replace(request, method="OPTIONS")
    yield replace(request, method="PUT")


def test_hundreds_of_recorded_responses_are_the_same_but_for_the_status_header(
    tmp_path: Path, redis_url: str, environ_for: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = redis_url.removesuffix("/0") + "/7"
    on = {**environ_for(tmp_path), "REDIS_URL": url, "PYTHONHASHSEED": "0"}  # Allow: is made from a set
    off = {**on, "ENABLE_PROFILE_COVERAGE": "0"}
    with Redis.from_url(url) as redis, start(tmp_path / "off", off) as plain, start(tmp_path / "on", on) as traced:
        recorded = list({each: None for request in record(monkeypatch, plain, off) for each in vary(request)})
        state = {key: redis.dump(key) for key in redis.scan_iter()}

        def replay(ports: dict[str, int], slug: str | None) -> list[bytes]:
            """Send everything, from the same state each time; no worker is there to change it in between."""
            redis.flushdb()
            for key, value in state.items():
                redis.restore(key, 0, value)
            return [request.send(ports[request.host], slug) for request in recorded]

        without, unasked, asked = replay(plain, None), replay(traced, None), replay(traced, "demo")
        redis.flushdb()
    assert len(recorded) >= 200
    kinds = {answer[9:12] for answer in without}
    assert kinds >= {b"200", b"201", b"202", b"400", b"404", b"405", b"409"}
    for request, one, two, three in zip(recorded, without, unasked, asked, strict=True):
        assert UNLIKE.sub(b"*", two) == UNLIKE.sub(b"*", one), request
        assert STATUS.findall(three) == [b"traced"], request
        assert UNLIKE.sub(b"*", STATUS.sub(b"", three)) == UNLIKE.sub(b"*", one), request
    print(len(recorded), sorted(kinds))

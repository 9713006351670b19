"""Two servers that tell what they were sent, and calls to them by each library; imported by programs that tests run."""

from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

OURS = ("x-profile-trace", "x-profile-trace-token")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.failed = False


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        url = urlsplit(self.path)  # absolute, when a proxy is asked
        ours = {name.lower(): value for name, value in self.headers.items() if name.lower() in OURS}
        self.server.seen.append((f"{url.hostname or ''}{url.path}", ours))
        if url.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", "http://" + url.path[4:])
        elif url.path == "/fails-once" and not self.server.failed:
            self.server.failed = True
            self.send_response(503)
        else:
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 (its name in http.server)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def start() -> Server:
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


allowed, other = start(), start()
HERE, THERE = f"127.0.0.1:{allowed.server_port}", f"127.0.0.1:{other.server_port}"


def by_requests(url: str, **kwargs: Any) -> None:
    import requests

    with requests.Session() as session:
        session.get(url, **kwargs)


def by_urllib3(url: str, **kwargs: Any) -> None:
    import urllib3

    urllib3.PoolManager().request("GET", url, **kwargs)


def by_urllib3_pool(url: str, **kwargs: Any) -> None:
    import urllib3

    target = urlsplit(url)
    pool = urllib3.HTTPConnectionPool(str(target.hostname), target.port)
    pool.urlopen("GET", target.path, None, kwargs.get("headers"), redirect=False)


def by_httpx(url: str, **kwargs: Any) -> None:
    import httpx

    with httpx.Client(follow_redirects=True) as client:
        client.get(url, **kwargs)


def by_httpx_async(url: str, **kwargs: Any) -> None:
    import httpx

    async def call() -> None:
        async with httpx.AsyncClient(follow_redirects=True) as client:
            await client.get(url, **kwargs)

    asyncio.run(call())


def by_aiohttp(url: str, **kwargs: Any) -> None:
    import aiohttp

    async def call() -> None:
        async with aiohttp.ClientSession() as session, session.get(url, **kwargs) as answer:
            await answer.read()

    asyncio.run(call())


def told() -> Any:
    """Return what both servers were sent, and forget it."""
    seen = [allowed.seen[:], other.seen[:]]
    allowed.seen.clear()
    other.seen.clear()
    return json.loads(json.dumps(seen))

"""Applications that take their time, WSGI and ASGI: slow streams, late hooks, tasks that outlive their request."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.util import FileWrapper

import many_functions

from profcov.web.asgi import ProfileTraceMiddleware as TracedASGI
from profcov.web.wsgi import ProfileTraceMiddleware as TracedWSGI

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any
    from wsgiref.types import StartResponse, WSGIEnvironment

GO_ON = Path(os.environ.get("LIFE_GO_ON", "go-on"))
PATIENCE = 10.0
kept: list[object] = []


def quick() -> bytes:
    return b"quick"


def first() -> bytes:
    return b"first\n"


def last() -> bytes:
    return b"last\n"


def closed() -> None:
    kept.append("closed")


def late() -> None:
    kept.append("late")


def may_go_on() -> bool:
    return GO_ON.exists()


class Body:
    def __init__(self) -> None:
        self.chunks = self.make()

    def make(self) -> Iterator[bytes]:
        yield first()
        until = time.monotonic() + PATIENCE
        while not may_go_on() and time.monotonic() < until:
            time.sleep(0.01)
        yield last()

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks

    def close(self) -> None:
        closed()


def bare_wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    if environ["PATH_INFO"].startswith("/f/"):
        number = int(environ["PATH_INFO"][3:])
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [str(getattr(many_functions, f"f{number}")(environ.get("HTTP_X_PROFILE_TRACE"))).encode()]
    if environ["PATH_INFO"] == "/file":
        return serve_file(environ, start_response)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Body() if environ["PATH_INFO"] == "/slow" else [quick()]


def serve_file(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    size = GO_ON.with_name("file").stat().st_size
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(size))])
    wrapper: type[FileWrapper] = environ.get("wsgi.file_wrapper", FileWrapper)
    return wrapper(GO_ON.with_name("file").open("rb"), 1 << 16)


async def bare_asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await live(receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    if scope["path"] == "/slow":
        await send({"type": "http.response.body", "body": first(), "more_body": True})
        until = time.monotonic() + PATIENCE
        while not may_go_on() and time.monotonic() < until:  # noqa: ASYNC110 (a file tells)
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": last()})
        closed()
        return
    if scope["path"] == "/task":
        kept.append(asyncio.create_task(outlive()))
    await send({"type": "http.response.body", "body": quick()})


async def outlive() -> None:
    await asyncio.sleep(0.05)
    late()
    GO_ON.with_name("late").touch()
    await asyncio.sleep(3600)


async def live(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


wsgi = TracedWSGI(bare_wsgi)
asgi = TracedASGI(bare_asgi)

"""ASGI applications that answer in many ways: bare, and Starlette's."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

import profcov
from profcov.web.asgi import ProfileTraceMiddleware

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

LIFESPAN: list[str] = []
SEEN: list[str] = []


class OnPurposeError(Exception):
    pass


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await answer_lifespan(scope, receive, send)
        return
    name = "answer_" + scope["path"].strip("/").replace("-", "_")
    scope["endpoint"] = name
    await globals()[name](scope, receive, send)


async def answer_lifespan(scope: Any, receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        LIFESPAN.append(message["type"])
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def start(send: Any, status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})


async def finish(send: Any, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body})


async def answer_plain(scope: Any, receive: Any, send: Any) -> None:
    await start(send)
    await finish(send, b"plain")


async def answer_echo(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await start(send)
    await finish(send, body.upper())


async def answer_stream(scope: Any, receive: Any, send: Any) -> None:
    await start(send)
    for chunk in (b"one ", b"two "):
        await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await finish(send, last_chunk())


def last_chunk() -> bytes:
    return b"three"


async def answer_gate(scope: Any, receive: Any, send: Any) -> None:
    await start(send)
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    await wait_for(scope["query_string"].decode())
    await finish(send, after_gate())


async def wait_for(path: str) -> None:
    while not os.path.exists(path):  # noqa: ASYNC110, ASYNC240, PTH110
        await asyncio.sleep(0.002)


def after_gate() -> bytes:
    return b"second"


async def answer_error(scope: Any, receive: Any, send: Any) -> None:
    raise OnPurposeError


async def answer_error_in_body(scope: Any, receive: Any, send: Any) -> None:
    await start(send)
    await send({"type": "http.response.body", "body": b"before ", "more_body": True})
    raise OnPurposeError


async def answer_no_headers(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204})
    await finish(send, b"")


async def answer_slug(scope: Any, receive: Any, send: Any) -> None:
    await start(send)
    await finish(send, str(profcov.current_slug()).encode())


async def answer_seen(scope: Any, receive: Any, send: Any) -> None:
    await start(send)
    await finish(send, json.dumps([LIFESPAN, SEEN, sorted(key for key in scope if key != "state")]).encode())


def outside(inner: Any) -> Any:
    """Note, around the middleware, what the application has put into the scope, as some tracers do."""

    async def middleware(scope: Any, receive: Any, send: Any) -> None:
        await inner(scope, receive, send)
        if scope["type"] == "http" and scope["path"] == "/plain":
            SEEN.append(scope.get("endpoint", "nothing"))

    return middleware


bare = outside(ProfileTraceMiddleware(app))
twice = ProfileTraceMiddleware(ProfileTraceMiddleware(app))
plain = app


async def show(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.path_params['name']} {profcov.current_slug()}")


def show_in_thread(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"thread {profcov.current_slug()}")


async def stream(request: Request) -> StreamingResponse:
    return StreamingResponse(numbers())


async def numbers() -> AsyncIterator[bytes]:
    for number in range(3):
        yield b"%d" % number


async def background(request: Request) -> PlainTextResponse:
    return PlainTextResponse("accepted", background=BackgroundTask(work_later, request.url.query))


async def work_later(gate: str) -> None:
    await wait_for(gate)
    done_later()


def done_later() -> int:
    return 1


async def failing(request: Request) -> PlainTextResponse:
    raise OnPurposeError


starlette = Starlette(
    routes=[
        Route("/show/{name}", show),
        Route("/thread", show_in_thread),
        Route("/stream", stream),
        Route("/background", background, methods=["POST"]),
        Route("/failing", failing),
    ]
)
starlette.add_middleware(ProfileTraceMiddleware)

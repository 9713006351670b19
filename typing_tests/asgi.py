"""The ASGI middleware, around whatever is an ASGI application for its framework, and for the servers that run it."""

from collections.abc import Iterable, MutableMapping
from typing import Any, assert_type

import falcon.asgi
import uvicorn
from fastapi import FastAPI
from litestar import Litestar
from quart import Quart
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from profcov.settings import Settings
from profcov.web.asgi import ProfileTraceMiddleware
from profcov.web.status import ASGIStatusPage, asgi_app


async def plain(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-path", scope["raw_path"])]})
    await send({"type": "http.response.body", "body": (await receive())["body"]})


async def of_two(scope: MutableMapping[str, Any], receive: object) -> None:
    """Answer nothing: ASGI 2 is no more."""


def of_wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer a request of another kind."""
    start_response("200 OK", list(environ.items()))
    return []


def of_threads(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, without a coroutine."""


traced = ProfileTraceMiddleware(plain)
application: ASGIApp = traced
ProfileTraceMiddleware(plain, Settings(enabled=True))
ProfileTraceMiddleware(ProfileTraceMiddleware(plain))
ProfileTraceMiddleware(Starlette())
ProfileTraceMiddleware(FastAPI())
ProfileTraceMiddleware(Litestar())
ProfileTraceMiddleware(falcon.asgi.App())
ProfileTraceMiddleware(Quart("shop"))
ProfileTraceMiddleware(Quart("shop").asgi_app)
Starlette(middleware=[Middleware(ProfileTraceMiddleware)], routes=[Mount("/profcov", asgi_app)])
Starlette(middleware=[Middleware(ProfileTraceMiddleware, settings=Settings(enabled=True))])
Starlette().add_middleware(ProfileTraceMiddleware)
FastAPI().add_middleware(ProfileTraceMiddleware, settings=None)
FastAPI().mount("/profcov", asgi_app)
uvicorn.run(traced)
uvicorn.Config(ProfileTraceMiddleware(Litestar()))
TestClient(traced).get("/")
assert_type(asgi_app, ASGIStatusPage)

ProfileTraceMiddleware()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ProfileTraceMiddleware("shop:app")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ProfileTraceMiddleware(of_wsgi)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ProfileTraceMiddleware(of_two)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ProfileTraceMiddleware(of_threads)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ProfileTraceMiddleware(plain, "route")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Starlette().add_middleware(ProfileTraceMiddleware, "route")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Starlette().add_middleware(ProfileTraceMiddleware, secret="s")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

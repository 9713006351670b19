"""The WSGI middleware, around whatever is a WSGI application for its framework, and for the servers that run it."""

from collections.abc import Iterable
from pathlib import Path
from typing import assert_type
from wsgiref.simple_server import make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import falcon
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import run_simple
from werkzeug.test import Client

from profcov.settings import Settings
from profcov.web.asgi import ProfileTraceMiddleware as ASGIMiddleware
from profcov.web.status import WSGIStatusPage, wsgi_app
from profcov.web.wsgi import ProfileTraceMiddleware


def plain(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a request."""
    start_response("200 OK", [("X-Path", environ["PATH_INFO"])])
    return [b"plain"]


async def of_asgi(scope: object, receive: object, send: object) -> None:
    """Answer a request of another kind."""


traced = ProfileTraceMiddleware(plain)
application: WSGIApplication = traced
ProfileTraceMiddleware(plain, Settings(enabled=True, data_dir=Path("data")))
ProfileTraceMiddleware(plain, settings=None)
ProfileTraceMiddleware(ProfileTraceMiddleware(plain))
ProfileTraceMiddleware(Flask("shop"))
ProfileTraceMiddleware(Flask("shop").wsgi_app)
ProfileTraceMiddleware(falcon.App())
make_server("127.0.0.1", 0, traced)
run_simple("127.0.0.1", 0, traced)
Client(traced).get("/")
DispatcherMiddleware(traced, {"/profcov": wsgi_app})
assert_type(wsgi_app, WSGIStatusPage)
page: WSGIApplication = wsgi_app

ProfileTraceMiddleware()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ProfileTraceMiddleware("shop:app")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ProfileTraceMiddleware(of_asgi)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ProfileTraceMiddleware(plain, {"enabled": True})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
wrong: WSGIApplication = ASGIMiddleware(of_asgi)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

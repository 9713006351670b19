"""The doors of single frameworks: Flask's and Quart's extensions, Django's line, Falcon's component."""

from pathlib import Path
from typing import assert_type

import falcon
import falcon.asgi
from flask import Flask
from quart import Quart

from profcov.settings import Settings
from profcov.web.django import ProfileTraceMiddleware
from profcov.web.falcon import RouteLabels
from profcov.web.flask import ProfileTrace
from profcov.web.quart import ProfileTrace as QuartTrace

ProfileTrace(Flask("shop"))
ProfileTrace(Flask("shop"), Settings(enabled=True, data_dir=Path("data")))
extension = ProfileTrace()
extension.init_app(Flask("shop"))

ProfileTrace("shop")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ProfileTrace(Flask("shop").wsgi_app)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ProfileTrace(Flask("shop"), "route")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
ProfileTrace(Quart("shop"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
extension.init_app()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
extension.init_app(Flask("shop"), Settings())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

QuartTrace(Quart("shop"))
of_quart = QuartTrace(settings=Settings(enabled=True))
of_quart.init_app(Quart("shop"))
QuartTrace(Flask("shop"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
of_quart.init_app(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def get_response(request: object) -> str:
    """Answer as Django's handler does."""
    return str(request)


assert_type(ProfileTraceMiddleware(get_response)("request"), str)
ProfileTraceMiddleware()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
ProfileTraceMiddleware("shop.urls")  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]

falcon.App(middleware=[RouteLabels()])
falcon.asgi.App(middleware=[RouteLabels()])
RouteLabels(falcon.App())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

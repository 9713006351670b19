from __future__ import annotations

from typing import Any

import pytest

TWO_APPS = """
import asyncio, json
from profcov.web import classes
import measured, play


class App:
    def __init__(self, *functions):
        self.functions = functions

    def __call__(self, environ, start_response):
        for function in self.functions:
            function()
        start_response("200 OK", [])
        return [b"x"]


class Sub(App):
    def __call__(self, environ, start_response):
        measured.green()
        return super().__call__(environ, start_response)


class Async:
    __slots__ = ()

    async def __call__(self, scope, receive, send):
        measured.blue()
        await send({"type": "http.response.start", "status": 200, "headers": []})


def ask(app, slug):
    said = []
    app({"HTTP_X_PROFILE_TRACE": slug}, lambda status, headers: said.append(dict(headers).get("X-Profile-Trace-Status")))
    return said


def ask_async(app, slug):
    said = []

    async def send(message):
        said.append(message["headers"])

    asyncio.run(app({"type": "http", "headers": [(b"x-profile-trace", slug.encode())]}, None, send))
    return [value.decode() for headers in said for _, value in headers]
"""


def test_every_instance_of_a_class_is_traced_once_and_subclasses_too(run_python: Any) -> None:
    assert run_python(
        TWO_APPS
        + """
for _ in range(2):
    classes.trace_wsgi_class(App)
    classes.trace_wsgi_class(Sub)
    classes.trace_asgi_class(Async)
red, blue = App(measured.red), Sub(measured.blue)
said = [ask(red, "red"), ask(blue, "sub"), ask(red, "red"), ask_async(Async(), "async")]
play.tell([said, [play.shards(slug) for slug in ("red", "sub", "async")]])
"""
    ) == [[["traced"]] * 4, [["red"], ["blue", "green"], ["blue"]]]


@pytest.mark.parametrize("off", ["0", "nonsense"])
def test_a_class_stays_as_it_is_where_profcov_is_off(run_python: Any, off: str) -> None:
    assert run_python(
        TWO_APPS
        + """
before = dict(vars(App))
classes.trace_wsgi_class(App)
play.tell(dict(vars(App)) == before)
""",
        ENABLE_PROFILE_COVERAGE=off,
        stderr="profcov stays off" if off == "nonsense" else "",
    )

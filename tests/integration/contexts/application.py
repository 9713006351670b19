"""A Flask and a Starlette application with routes that share code; run under a test client by ``python application.py``."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import PlainTextResponse

    from profcov.store.combine import Artifact

HERE = Path(__file__).resolve().parent


def before() -> str:
    return "before routing"


def shared() -> str:
    return "shared"


def first() -> str:
    return shared()


def second() -> str:
    value = shared()
    return value * 2


def play_flask() -> Callable[..., None]:
    from flask import Flask

    from profcov.web.flask import ProfileTrace

    app = Flask("application")

    class Early:
        def __init__(self, app: Any) -> None:
            self.app = app

        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            before()
            return self.app(environ, start_response)

    app.wsgi_app = Early(app.wsgi_app)  # type: ignore[method-assign]
    app.add_url_rule("/runs/<int:run>", "first", lambda run: first())
    app.add_url_rule("/second", "second", second, methods=["POST"])
    ProfileTrace(app)
    client = app.test_client()

    def send(method: str, path: str, **headers: str) -> None:
        answer = client.open(path, method=method, headers={"X-Profile-Trace": "one", **headers})
        assert answer.headers["X-Profile-Trace-Status"] == "traced", answer.headers

    return send


def play_starlette() -> Callable[..., None]:
    import asyncio

    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    from profcov.web.asgi import ProfileTraceMiddleware

    class Early:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            before()
            await self.app(scope, receive, send)

    async def answer_first(request: Request) -> PlainTextResponse:
        return PlainTextResponse(first())

    async def answer_second(request: Request) -> PlainTextResponse:
        return PlainTextResponse(second())

    routes = [Route("/runs/{run}", answer_first), Route("/second", answer_second, methods=["POST"])]
    app = ProfileTraceMiddleware(Starlette(routes=routes, middleware=[Middleware(Early)]))

    def send(method: str, path: str, **headers: str) -> None:
        pairs = [(b"x-profile-trace", b"one")] + [(k.lower().encode(), v.encode()) for k, v in headers.items()]
        scope = {"type": "http", "method": method, "path": path, "headers": pairs, "query_string": b""}
        messages: list[Any] = []

        async def keep(message: Any) -> None:
            messages.append(message)

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b""}

        asyncio.run(app(scope, receive, keep))
        assert (b"x-profile-trace-status", b"traced") in messages[0]["headers"]

    return send


def main(framework: str, context: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory, "coverage.ini")
        config.write_text(f"[run]\ninclude = {HERE}/application.py\n")
        os.environ.update(
            ENABLE_PROFILE_COVERAGE="1",
            PROFILE_COVERAGE_DIR=f"{directory}/data",
            PROFILE_COVERAGE_CONFIG=str(config),
            PROFILE_COVERAGE_CONTEXT=context,
        )
        send = {"flask": play_flask, "starlette": play_starlette}[framework]()
        for number in range(3):
            send("GET", f"/runs/{number}", **{"X-Request-Id": f"r{number}"})
            send("POST", "/second", **{"X-Request-Id": f"s{number}"})
        from profcov.slug import parse_slug
        from profcov.store.combine import combine
        from profcov.store.directory import DataDirectory

        artifact = combine(DataDirectory(Path(directory, "data")), parse_slug("one"))
        print(json.dumps(read(artifact)))


def read(artifact: Artifact) -> dict[str, list[int]]:
    import coverage

    data = coverage.CoverageData(basename=str(artifact.path))
    data.read()
    (file,) = data.measured_files()
    found: dict[str, list[int]] = {}
    for line, labels in data.contexts_by_lineno(file).items():
        for label in labels:
            found.setdefault(label, []).append(line)
    return {label: sorted(lines) for label, lines in found.items()}


if __name__ == "__main__":
    main(*sys.argv[1:])

"""ASGI middleware: an HTTP request or websocket that carries a slug is a unit of work, background tasks included."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from profcov.recording.appearance import appear
from profcov.recording.processes import flush_everything
from profcov.recording.propagation import open_recorder, tasks
from profcov.recording.work import Work
from profcov.web.asgi_types import ASGIScope, Message, Receive, Send  # noqa: TC001 (see there)
from profcov.web.routes import find_in_scope, name_method
from profcov.wire.statuses import BUSY, STATUS_HEADER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from profcov.recording.recorder import Recorder
    from profcov.recording.unit import Refused, Unit
    from profcov.settings import Settings
    from profcov.wire.carrier import Claim

    ASGIApplication = Callable[[Any, Any, Any], Awaitable[Any]]  # each framework has its own types for the three

_MARK = "profcov.status"
_STATUS_NAME = STATUS_HEADER.lower().encode("ascii")
_WITH_HEADERS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})
_BUSY_TRIES = 200
_BUSY_POLL_SECONDS = 0.01


class ProfileTraceMiddleware:
    """Wrap an ASGI application; also through ``app.add_middleware(ProfileTraceMiddleware)`` in Starlette.

    A request without the header passes through. With it, the answer carries ``X-Profile-Trace-Status``.

    Args:
        app: the application.
        settings: how to record; None reads the environment.
    """

    def __init__(self, app: ASGIApplication, settings: Settings | None = None) -> None:
        self.app = app
        self._recorder = open_recorder(settings)
        if app is not None:  # one of no application is the pattern for those of a class
            appear(self._recorder.settings)
        self._carriers = self._recorder.carriers
        self._is_on = self._recorder.settings.enabled

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> Any:
        """Answer a request."""
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, _flushing_at_shutdown(send) if self._is_on else send)
        claim = self._carriers.from_headers(scope["headers"]) if scope["type"] in {"http", "websocket"} else None
        if claim is None or _MARK in scope:  # marked: this middleware is around us already
            return await self.app(scope, receive, send)
        unit = await _begin(self._recorder, claim, _describe(scope))
        # In the scope itself, not in a copy: middleware around this one reads there what routers put into it.
        scope[_MARK] = unit.status
        respond = _with_status(send, unit, show_status=not claim.is_default)
        try:
            if not unit.traced:
                return await self.app(scope, receive, respond)
            with unit.step():
                work = self.app(scope, receive, respond)
            tasks.follow(unit)
            return await unit.wait(work)
        finally:
            unit.end()
            scope.pop(_MARK, None)  # a second try is traced, too


async def _begin(recorder: Recorder, claim: Claim, work: Work) -> Unit | Refused:
    """Begin a unit without holding up the event loop while the profile is being combined."""
    unit = recorder.begin_request(claim, work, wait=0)
    for _ in range(_BUSY_TRIES):
        if unit.status != BUSY or not _runs_on_asyncio():
            break
        await asyncio.sleep(_BUSY_POLL_SECONDS)
        unit = recorder.begin_request(claim, work, wait=0)
    if not unit.traced and unit.status == BUSY:
        recorder.miss(unit)
    return unit


def _runs_on_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _describe(scope: ASGIScope) -> Work:
    """Return what a request is, for its context label: frameworks expose the route once they have found one."""

    def method() -> str:
        return name_method(scope["method"]) if "method" in scope else "WEBSOCKET"

    def name() -> str | None:
        route = find_in_scope(scope)
        return None if route is None else f"{method()} {route}"

    def ident() -> str:
        given = (value.decode("latin-1") for key, value in scope["headers"] if key == b"x-request-id")
        return next(given, "") or uuid.uuid4().hex

    return Work(name, ident, lambda: f"{method()} {scope['path']}")


def _flushing_at_shutdown(send: Send) -> Send:
    """Return a ``send`` that writes what tasks have run since their requests, before the server completes its shutdown.

    uvicorn then kills itself by the signal that it received, so that no exit handler runs.
    """

    async def respond(message: Message) -> None:
        if message["type"] in {"lifespan.shutdown.complete", "lifespan.shutdown.failed"}:
            flush_everything()
        await send(message)

    return respond


def _with_status(send: Send, unit: Unit | Refused, *, show_status: bool) -> Send:
    """Return a ``send`` that adds the status header, if asked, and flushes before anything reaches the client."""
    status = (_STATUS_NAME, unit.status.encode("latin-1"))

    async def respond(message: Message) -> None:
        if show_status and message["type"] in _WITH_HEADERS:
            message = {**message, "headers": [*message.get("headers", ()), status]}
        unit.flush()
        await send(message)

    return respond

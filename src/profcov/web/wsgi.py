"""WSGI middleware: a request that carries a slug is a unit of work, until its body is closed."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from profcov.recording.appearance import appear
from profcov.recording.propagation import open_recorder
from profcov.recording.work import Work
from profcov.web.routes import find_in_environ, name_method
from profcov.wire.statuses import STATUS_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from profcov.recording.unit import Refused, Unit
    from profcov.settings import Settings

_MARK = "profcov.status"


class ProfileTraceMiddleware:
    """Wrap a WSGI application.

    A request without the header passes through. With it, the answer carries ``X-Profile-Trace-Status``.

    Args:
        app: the application.
        settings: how to record; None reads the environment.
    """

    def __init__(self, app: WSGIApplication, settings: Settings | None = None) -> None:
        self.app = app
        self._recorder = open_recorder(settings)
        if app is not None:  # one of no application is the pattern for those of a class
            appear(self._recorder.settings)
        self._carriers = self._recorder.carriers

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        claim = self._carriers.from_environ(environ, start_response)
        if claim is None or _MARK in environ:  # marked: this middleware is around us already
            return self.app(environ, start_response)
        unit = self._recorder.begin_request(claim, _describe(environ))
        environ[_MARK] = unit.status
        response = _Response(start_response, unit, show_status=not claim.is_default)
        if not unit.traced:
            body = self.app(environ, response.start)
            response.catch_up()
            return body
        try:
            with unit.step():
                body = self.app(environ, response.start)
        except BaseException:
            unit.end()
            environ.pop(_MARK, None)  # a second try is traced, too
            raise
        response.catch_up()
        if type(body) in {list, tuple}:
            unit.end()  # nothing of the application's is still to run
            return body
        unit.flush()
        if _is_servers_own(body, environ):
            _end_with(body, unit)
            return body
        return (SizedTracedBody if hasattr(body, "__len__") else TracedBody)(body, unit, response)


class TracedBody:
    """A response's body: each ``iter``, ``next`` and ``close`` is a step of the request's unit.

    It is an iterator if the body is one; else each ``iter`` goes through the body from its beginning.
    """

    def __init__(self, body: Iterable[bytes], unit: Unit, response: _Response) -> None:
        self._body: Any = body
        self._unit = unit
        self._response = response
        unit.end_with(self)  # a server that never closes breaks PEP 3333, and would keep readers waiting for ever

    def __iter__(self) -> Iterator[bytes]:
        with self._unit.step():
            chunks = iter(self._body)
        return self if chunks is self._body else TracedChunks(self, chunks)

    def __next__(self) -> bytes:
        return self.take_from(self._body)

    def take_from(self, chunks: Iterator[bytes]) -> bytes:
        """Return the next chunk, with what ran for it on disk."""
        try:
            with self._unit.step():
                return next(chunks)
        finally:
            self._response.catch_up()
            self._unit.flush()  # at the end, too: the server tells the client that there is no more

    def close(self) -> None:
        """Close the body, then end the unit: it is traced until then, however late the server closes it."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                with self._unit.step():
                    close()
        finally:
            self._unit.end()


class TracedChunks:
    """An iterator of a body that is not one itself; it keeps the body, whose unit ends with it."""

    def __init__(self, body: TracedBody, chunks: Iterator[bytes]) -> None:
        self._body = body
        self._chunks = chunks

    def __iter__(self) -> TracedChunks:
        return self

    def __next__(self) -> bytes:
        return self._body.take_from(self._chunks)


class SizedTracedBody(TracedBody):
    """A body whose length servers may ask for, to set ``Content-Length``, because the application's has one."""

    def __len__(self) -> int:
        with self._unit.step():
            return len(self._body)


def _is_servers_own(body: Any, environ: WSGIEnvironment) -> bool:
    """Return whether this is the server's own wrapper of a file, which it sends by its descriptor if it recognises it."""
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(body, wrapper)


def _end_with(body: Any, unit: Unit) -> None:
    """End the unit when the server closes its wrapper of a file, which is where Django says that the request is over."""
    close = getattr(body, "close", None)

    def end() -> None:
        try:
            if close is not None:
                with unit.step():
                    close()
        finally:
            unit.end()

    try:
        unit.end_with(body)  # a server that never closes
        body.close = end
    except (AttributeError, TypeError):  # an object of C's
        unit.end()


def _describe(environ: WSGIEnvironment) -> Work:
    """Return what a request is, for its context label: frameworks expose the route once they have found one."""

    def name() -> str | None:
        route = find_in_environ(environ)
        return None if route is None else f"{name_method(environ['REQUEST_METHOD'])} {route}"

    def address() -> str:
        return (
            f"{name_method(environ['REQUEST_METHOD'])} {environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
        )

    return Work(name, lambda: environ.get("HTTP_X_REQUEST_ID") or uuid.uuid4().hex, address)


class _Response:
    """What goes through ``start_response``: the status header is added, if asked, and lines are flushed before bytes are written.

    It does not flush before the headers: servers keep them until the first bytes of the body, or its end.
    """

    def __init__(self, start_response: StartResponse, unit: Unit | Refused, *, show_status: bool) -> None:
        self._start_response = start_response
        self._unit = unit
        self._status = [(STATUS_HEADER, unit.status)] if show_status else []
        self._own: list[tuple[str, str]] = []
        self._known = self._handed_on = self._own

    def start(
        self, status: str, headers: list[tuple[str, str]], *args: Any, **kwargs: Any
    ) -> Callable[[bytes], object]:
        """Start the response with a list of our own: the application's may be there for all its responses."""
        self._unit.learn_label()
        if self._status:
            known = [*headers]
            self._own = headers if type(headers) is list else known
            headers = self._handed_on = [*known, *self._status]
            self._known = known
        write = self._start_response(status, headers, *args, **kwargs)

        def flush_and_write(data: bytes) -> object:
            self.catch_up()
            self._unit.flush()
            return write(data)

        return flush_and_write

    def catch_up(self) -> None:
        """Copy what the application has done to its list since: some servers read it when they send the first bytes."""
        if self._own != self._known:
            self._handed_on[: len(self._known)] = self._own
            self._known = [*self._own]

"""Tracing every application of a framework's class: for skins and for zero code, where nobody wraps an instance."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, Final

from profcov.propagation import open_recorder
from profcov.propagation.patches import Patches
from profcov.web.asgi import ProfileTraceMiddleware as ASGIMiddleware
from profcov.web.wsgi import ProfileTraceMiddleware as WSGIMiddleware

if TYPE_CHECKING:
    from collections.abc import Callable

_lock: Final = threading.Lock()
_PATCHES: Final = Patches()
_traced: set[type] = set()


def trace_wsgi_class(cls: type) -> None:
    """Let every instance of a WSGI application's class answer through the middleware; nothing where profcov is off.

    A second call changes nothing; one for a subclass neither, unless it has a ``__call__`` of its own.
    """

    def make(original: Callable[..., Any], middleware_for: Callable[[Any], Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def __call__(self: Any, environ: Any, start_response: Any) -> Any:  # noqa: N807 (that is what it replaces)
            return middleware_for(self)(environ, start_response)

        return __call__

    _trace(cls, WSGIMiddleware, make)


def trace_asgi_class(cls: type) -> None:
    """Let every instance of an ASGI application's class answer through the middleware, as :func:`trace_wsgi_class`."""

    def make(original: Callable[..., Any], middleware_for: Callable[[Any], Any]) -> Callable[..., Any]:
        # Servers tell ASGI applications, and factories of them, by its being a coroutine function of three arguments.
        @functools.wraps(original)
        async def __call__(self: Any, scope: Any, receive: Any, send: Any) -> Any:  # noqa: N807
            return await middleware_for(self)(scope, receive, send)

        return __call__

    _trace(cls, ASGIMiddleware, make)


def untrace_classes() -> None:
    """Put all classes back as they were."""
    with _lock:
        _PATCHES.restore()
        _traced.clear()


def _trace(cls: type, middleware: Callable[[Any], Any], make: Callable[..., Any]) -> None:
    with _lock:
        original = vars(cls).get("__call__")
        if cls in _traced or original is None or not open_recorder().settings.enabled:
            return
        _traced.add(cls)
        pattern = middleware(None)

        def middleware_for(app: Any) -> Any:
            # One for each request: a table of them by application would have to know when one dies.
            made = object.__new__(type(pattern))
            made.__dict__.update(pattern.__dict__, app=functools.partial(original, app))
            return made

        _PATCHES.put(cls, "__call__", make(original, middleware_for))

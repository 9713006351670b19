"""Tracing every application of a framework's class: for skins and for zero code, where no code of ours sees the instance."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from profcov.brief_lock import BriefLock
from profcov.recording.appearance import appear
from profcov.recording.propagation import open_recorder
from profcov.recording.propagation.patches import Patches
from profcov.web.asgi import ProfileTraceMiddleware as ASGIMiddleware
from profcov.web.wsgi import ProfileTraceMiddleware as WSGIMiddleware

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.settings import Settings

_lock: Final = BriefLock()
_PATCHES: Final = Patches()


def trace_wsgi_class(cls: type) -> None:
    """Let every instance of a WSGI application's class answer through the middleware; do nothing if profcov is off.

    A second call changes nothing. A call for a subclass changes nothing either, unless it has its own ``__call__``.
    """
    _trace(cls, WSGIMiddleware, None)


def trace_asgi_class(cls: type) -> None:
    """Let every instance of an ASGI application's class answer through the middleware, as :func:`trace_wsgi_class`."""

    def shape(replacement: Callable[..., Any]) -> Callable[..., Any]:
        # Servers recognise ASGI applications, and factories of them, by their being a coroutine function of three arguments.
        async def __call__(self: Any, scope: Any, receive: Any, send: Any) -> Any:  # noqa: N807 (that is what it replaces)
            return await replacement(self, scope, receive, send)

        return __call__

    _trace(cls, ASGIMiddleware, shape)


def _trace(cls: type, middleware: Callable[[Any, Settings], Any], shape: Callable[..., Any] | None) -> None:
    if "__call__" not in vars(cls):
        return
    settings = open_recorder().settings
    if not settings.enabled:
        return
    pattern = middleware(None, settings)
    seen: list[bool] = []

    def answer(original: Callable[..., Any], app: Any, *args: Any, **kwargs: Any) -> Any:
        if not seen:
            seen.append(True)
            appear(settings)
        # A middleware for each request: a table of them by application would have to know when one dies.
        made = object.__new__(type(pattern))
        made.__dict__.update(pattern.__dict__, app=functools.partial(original, app))
        return made(*args, **kwargs)

    with _lock.held():
        _PATCHES.wrap_once(cls, "__call__", answer, shape)

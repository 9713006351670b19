"""Django: a line in ``MIDDLEWARE`` traces its WSGI and ASGI entry points, with the route for context labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from profcov.recording.propagation import open_recorder
from profcov.recording.propagation.patches import INSTALLED
from profcov.web.classes import trace_asgi_class, trace_wsgi_class
from profcov.web.routes import note_route

if TYPE_CHECKING:
    from collections.abc import Callable

    G = TypeVar("G", bound=Callable[..., Any])


def ProfileTraceMiddleware(get_response: G) -> G:  # noqa: N802 (named like a class in MIDDLEWARE)
    """Trace the project: ``MIDDLEWARE = ["profcov.web.django.ProfileTraceMiddleware", ...]``, wherever in the list.

    Django calls this once, when it makes its WSGI or ASGI handler. It traces the handler, and so the other middleware,
    streaming responses and ``close()``, too. It does nothing as a middleware, and costs nothing.
    """
    from django.core.handlers.asgi import ASGIHandler  # noqa: PLC0415 (Django loads the middleware, it is there)
    from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415

    trace_wsgi_class(WSGIHandler)
    trace_asgi_class(ASGIHandler)
    install_routes()
    return get_response


ProfileTraceMiddleware.sync_capable = True  # type: ignore[attr-defined]
ProfileTraceMiddleware.async_capable = True  # type: ignore[attr-defined]


def install_routes() -> None:
    """Have the route of each request noted, for context labels; patch nothing if labels have no route."""
    from django.core.handlers.base import BaseHandler  # noqa: PLC0415

    used = open_recorder().settings
    if used.enabled and used.context == "route":
        INSTALLED.wrap_once(BaseHandler, "resolve_request", _resolve)


def _resolve(original: Callable[..., Any], handler: Any, request: Any) -> Any:
    match = original(handler, request)
    note_route(getattr(request, "environ", None) or getattr(request, "scope", None), lambda: f"/{match.route}")
    return match

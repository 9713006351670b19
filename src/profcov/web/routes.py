"""Where frameworks expose the route that a request has taken, for its context label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from profcov.recording.faults import log_once, raise_foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

ROUTE: Final = "profcov.route"
"""A key of our own in a WSGI environment or an ASGI scope, for frameworks that expose the route nowhere else."""

_METHODS: Final = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"}
    | {"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH", "MKCALENDAR", "PURGE"}
)
OTHER: Final = "OTHER"


def name_method(method: str) -> str:
    """Return a request's method for labels: a known one or ``OTHER``, because a client can invent any number of them."""
    method = method.upper()  # as Flask and Django do
    return method if method in _METHODS else OTHER


def note_route(request: MutableMapping[str, Any] | None, find: Callable[[], str | None]) -> None:
    """Note a route in an environment or a scope; never raises."""
    try:
        route = find()
        if request is not None and route is not None:
            request[ROUTE] = route
    except Exception as error:  # noqa: BLE001 (a framework's objects are asked)
        raise_foreign(error)
        log_once("route", "cannot tell the route of a request", error=error)


def find_in_environ(environ: Mapping[str, Any]) -> str | None:
    """Return the route of a WSGI request, "(no route)" if it has none, or None while it is not known.

    Flask's request is in the environment until the response starts; other frameworks note it.
    """
    route: str | None = environ.get(ROUTE)
    if route is not None:
        return route
    request = environ.get("werkzeug.request")
    rule = getattr(request, "url_rule", None)
    if rule is not None:
        return str(rule.rule)
    return "(no route)" if getattr(request, "routing_exception", None) is not None else None


def find_in_scope(scope: Mapping[str, Any]) -> str | None:
    """Return the route of an ASGI request, or None while it is not known.

    Starlette and FastAPI put it into the scope, Litestar its template; other frameworks note it. The prefix under which
    an application is mounted comes before it.
    """
    route: str | None = scope.get(ROUTE) or scope.get("path_template")
    if route is not None:
        return route
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return None
    outer, inner = scope.get("app_root_path", ""), scope.get("root_path", "")
    return inner.removeprefix(outer) + path if inner.startswith(outer) else str(path)

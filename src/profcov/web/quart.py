"""Quart: an extension that wraps ``app.asgi_app``, and notes the route for context labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from profcov.recording.propagation import open_recorder
from profcov.recording.propagation.patches import INSTALLED
from profcov.web.asgi import ProfileTraceMiddleware
from profcov.web.routes import note_route

if TYPE_CHECKING:
    from collections.abc import Callable

    from quart import Quart

    from profcov.settings import Settings


_CONTEXTS: Final = ("_BaseRequestWebsocketContext", "AppContext")
"""Where Quart looks for the route; the second since 0.23."""


class ProfileTrace:
    """Trace a Quart application: ``ProfileTrace(app)``, or ``init_app(app)`` in an application factory."""

    def __init__(self, app: Quart | None = None, settings: Settings | None = None) -> None:
        self._settings = settings
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Quart) -> None:
        """Wrap the application; a second call for the same one changes nothing."""
        if "profcov" not in app.extensions:
            app.extensions["profcov"] = self
            inner: Any = app.asgi_app
            app.asgi_app = ProfileTraceMiddleware(inner, self._settings)  # type: ignore[assignment, method-assign]
            install_routes(self._settings)


def install_routes(settings: Settings | None = None) -> None:
    """Have the route of each request noted, for context labels; patch nothing if labels have no route."""
    from quart import ctx  # noqa: PLC0415 (an application implies Quart)

    used = open_recorder(settings).settings
    if used.enabled and used.context == "route":
        for name in _CONTEXTS:
            owner = getattr(ctx, name, None)
            if "match_request" in getattr(owner, "__dict__", ()):
                INSTALLED.wrap_once(owner, "match_request", _match)


def _match(original: Callable[..., Any], context: Any) -> None:
    original(context)
    request = getattr(context, "request_websocket", None) or context._request_websocket  # noqa: SLF001 (its name since 0.23)
    note_route(request.scope, lambda: _rule_of(request))


def _rule_of(request: Any) -> str:
    return "(no route)" if request.url_rule is None else str(request.url_rule.rule)

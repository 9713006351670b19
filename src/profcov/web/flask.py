"""Flask: an extension that wraps ``app.wsgi_app``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.web.wsgi import ProfileTraceMiddleware

if TYPE_CHECKING:
    from flask import Flask

    from profcov.settings import Settings


class ProfileTrace:
    """Trace a Flask application: ``ProfileTrace(app)``, or ``init_app(app)`` in an application factory."""

    def __init__(self, app: Flask | None = None, settings: Settings | None = None) -> None:
        self._settings = settings
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Wrap the application; a second call for the same one changes nothing."""
        if "profcov" not in app.extensions:
            app.extensions["profcov"] = self
            app.wsgi_app = ProfileTraceMiddleware(app.wsgi_app, self._settings)  # type: ignore[method-assign]

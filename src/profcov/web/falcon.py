"""Falcon: a component that notes the route for context labels; the middleware itself is WSGI's or ASGI's."""

from __future__ import annotations

from typing import Any

from profcov.web.routes import note_route


class RouteLabels:
    """Note which route a request has taken: ``falcon.App(middleware=[RouteLabels()])``, for WSGI and ASGI."""

    def process_resource(self, req: Any, resp: Any, resource: object, params: dict[str, Any]) -> None:  # noqa: ARG002 (Falcon's)
        """Note it; Falcon calls this when it has found the resource."""
        note_route(req.env, lambda: req.uri_template)

    async def process_resource_async(self, req: Any, resp: Any, resource: object, params: dict[str, Any]) -> None:  # noqa: ARG002
        """Note it, in an ASGI application."""
        note_route(req.scope, lambda: req.uri_template)

"""The status page: small WSGI and ASGI applications to mount where wanted, as HTML and as JSON."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from profcov.recording.context import find_scope
from profcov.web.asgi_types import ASGIScope, Receive, Send  # noqa: TC001 (see there)
from profcov.web.status_facts import gather
from profcov.web.status_html import STYLE_HASH, render

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from profcov.settings import Settings

    Answer = tuple[str, list[tuple[str, str]], bytes]

_ALWAYS: Final = [
    ("Cache-Control", "no-store"),
    (
        "Content-Security-Policy",
        f"default-src 'none'; style-src '{STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("Vary", "Accept"),
    ("X-Content-Type-Options", "nosniff"),
]


class WSGIStatusPage:
    """Answer with the status of this process: ``GET`` and ``HEAD``; JSON with ``?format=json`` or if accepted.

    Put it behind authentication: it shows slugs, paths and settings (never the secret).

    Args:
        settings: what the middleware was given; None means the environment's.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        method, accept = environ["REQUEST_METHOD"], environ.get("HTTP_ACCEPT", "")
        status, headers, body = _answer(self._settings, method, environ.get("QUERY_STRING", ""), accept)
        start_response(status, headers)
        return [] if method == "HEAD" else [body]


class ASGIStatusPage:
    """Do the same as :class:`WSGIStatusPage` for ASGI; read the data directory in a thread, not on the event loop."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        """Answer a request; a websocket is refused."""
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        accept = b",".join(value for name, value in scope["headers"] if name == b"accept").decode("latin-1")
        query = scope.get("query_string", b"").decode("latin-1")
        status, headers, body = await _in_thread(self._settings, scope["method"], query, accept)
        raw = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": int(status[:3]), "headers": raw})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


wsgi_app: Final = WSGIStatusPage()
"""The page with the settings of the environment, for WSGI."""

asgi_app: Final = ASGIStatusPage()
"""The page with the settings of the environment, for ASGI."""


async def _in_thread(*args: Any) -> Answer:
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # trio
        return _answer(*args)
    return await asyncio.to_thread(_answer, *args)


def _answer(settings: Settings | None, method: str, query: str, accept: str) -> Answer:
    """Return status line, headers and body; a traced request of this page need not run measured code."""
    scope = find_scope()
    if scope is not None:
        scope.origin.is_quiet = True
    if method not in {"GET", "HEAD"}:
        body = b"The status page can only be read: use GET or HEAD.\n"
        allow = ("Allow", "GET, HEAD")
        return "405 Method Not Allowed", [*_headers("text/plain; charset=utf-8", body), allow], body
    facts = gather(settings)
    if _wants_json(query, accept):
        body = json.dumps(facts, indent=2).encode("ascii") + b"\n"
        return "200 OK", _headers("application/json", body), body
    body = render(facts).encode("utf-8", "backslashreplace")  # names of files may hold surrogates
    return "200 OK", _headers("text/html; charset=utf-8", body), body


def _wants_json(query: str, accept: str) -> bool:
    try:
        asked = parse_qs(query, max_num_fields=20).get("format")
    except ValueError:  # too many fields
        asked = None
    return asked == ["json"] if asked else "application/json" in accept.lower() and "text/html" not in accept.lower()


def _headers(content_type: str, body: bytes) -> list[tuple[str, str]]:
    return [("Content-Type", content_type), ("Content-Length", str(len(body))), *_ALWAYS]

"""The oracle: ``stall.py`` with sentry-sdk, under coverage.py alone."""

from __future__ import annotations

import json
from typing import Any

import served_stall
from answering import Oracle

oracle = Oracle()


def app(environ: dict[str, Any], start_response: Any) -> Any:
    """Measure what the application does; ``/lines`` stops that."""
    if environ["PATH_INFO"] == "/lines":
        body = json.dumps(oracle.read()).encode()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]
    if environ["PATH_INFO"] != "/not-there":
        oracle.start()
    return served_stall.app(environ, start_response)

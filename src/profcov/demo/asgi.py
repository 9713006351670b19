"""The query API for a server: ``uvicorn profcov.demo.asgi:app``."""

from __future__ import annotations

from profcov.demo.api import create_api

app = create_api()

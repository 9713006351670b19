"""WSGI handlers that are called in process: the CPU-bound request and the empty one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workload import cpu

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

HOT_TURNS = 20_000


def answer_cpu(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Do the work of one request, or run the hot loop."""
    hot = environ["PATH_INFO"] == "/hot"
    total = cpu.hot(HOT_TURNS) if hot else cpu.request(int(environ["QUERY_STRING"]))
    body = b"%d" % total
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def answer_nothing(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:  # noqa: ARG001 (WSGI's shape)
    """Answer that there is nothing."""
    start_response("204 No Content", [])
    return []

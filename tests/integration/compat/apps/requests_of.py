"""Which applications there are, and which requests each slug sends to them."""

from __future__ import annotations

from typing import NamedTuple

WSGI = {"Flask": "flask_app", "Django": "django_wsgi", "Falcon": "falcon_wsgi", "plain": "plain_wsgi"}
ASGI = {
    "Starlette": "starlette_app",
    "FastAPI": "fastapi_app",
    "Django": "django_asgi",
    "Quart": "quart_app",
    "Litestar": "litestar_app",
    "Falcon": "falcon_asgi",
    "plain": "plain_asgi",
}
SLUGS = ("red", "blue", "green")


class Request(NamedTuple):
    method: str
    path: str
    body: bytes | None = None
    status: int = 200


def list_requests(module: str, slug: str) -> list[Request]:
    """Return what a slug sends; ``WS`` is a websocket that says hello."""
    plan = {
        "red": [Request("GET", "/runs/1"), Request("POST", "/measure", b"a body of nineteen!")],
        "blue": [Request("GET", "/runs/2"), Request("GET", "/stream")],
        "green": [Request("GET", "/runs/3"), Request("GET", "/fail", status=500)],
    }
    if module in ASGI.values() and module != "django_asgi":
        plan["blue"].append(Request("GET", "/background"))
        plan["green"].append(Request("WS", "/ws"))
    return plan[slug]

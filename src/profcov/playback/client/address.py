"""Addresses: which server a URL names, and how a path joins it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

Origin = tuple[str, int]
"""A server: host name in lower case, port."""

_PORTS: Final = {"http": 80, "https": 443}


def find_origin(url: str) -> Origin | None:
    """Return the server that an http(s) URL names, or None if it is no such URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return parts.hostname, port or _PORTS[parts.scheme]


def name_server(url: str) -> str:
    """Return scheme and server of a URL, as the header ``Origin`` has them: ``http://127.0.0.1:8000``; empty if it names none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}" if parts.netloc else ""


def join(base_url: str, path: str) -> str:
    """Return the URL of a path below the base URL; an absolute URL stays as it is."""
    return base_url.rstrip("/") + path if path.startswith("/") else path


def drop_path(base_url: str, paths: Iterable[str]) -> str:
    """Return a base URL without its own path if one of the paths begins with that.

    Then they all are the server's, as a recording has them: below ``http://host/app`` the browser has asked for
    ``/app/runs``, and for ``/api/jobs`` beside it.
    """
    base = base_url.rstrip("/")
    prefix = urlsplit(base).path
    if prefix and any(path == prefix or path.startswith((f"{prefix}/", f"{prefix}?")) for path in paths):
        return base.removesuffix(prefix)
    return base_url

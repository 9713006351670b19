"""Addresses: which server a URL names, how a path joins it, and how a URL is shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from profcov.playback.secret import MASK
from profcov.playback.secret_text import hide_named

if TYPE_CHECKING:
    from collections.abc import Iterable

Origin = tuple[str, int]
"""A server: host name in lower case, port."""

_PORTS: Final = {"http": 80, "https": 443}
_SCHEME: Final = re.compile(r"([A-Za-z][\w+.-]*:)?//")
_MAX_SHOWN: Final = 80


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


def show(url: str) -> str:
    """Return a URL without its query and password, fit for a message.

    A user without a password is not shown either: in ``https://<token>@host`` it is the secret.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the address given"
    user, at, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    shown = f"{name}:{MASK}" if password else MASK if name else ""
    return parts._replace(netloc=f"{shown}{at}{host}", query="", fragment="").geturl()


def show_wrong(url: str) -> str:
    """Return what was given for a URL or a path and is none, fit for a message: without what may be a password, or a query."""
    _, at, rest = url.rpartition("@")
    scheme = _SCHEME.match(url)
    text = f"{scheme[0] if scheme else ''}{MASK}@{rest}" if at else url
    return repr(hide_named(re.split(r"[?#]", text, maxsplit=1)[0])[:_MAX_SHOWN])


def show_server(url: str) -> str:
    """Return the part of a URL that names the server, fit for a message."""
    shown = urlsplit(show(url))
    return f"{shown.scheme}://{shown.netloc}"

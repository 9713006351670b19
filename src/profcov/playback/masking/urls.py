"""How a URL is shown in messages: without what may be secret in it."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from profcov.playback.masking.names import MASK
from profcov.playback.masking.text import hide_named

_SCHEME: Final = re.compile(r"([A-Za-z][\w+.-]*:)?//")
_MAX_SHOWN: Final = 80


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
    """Return what was given instead of a URL or path, fit for a message: without a query, and what may be a password."""
    _, at, rest = url.rpartition("@")
    scheme = _SCHEME.match(url)
    text = f"{scheme[0] if scheme else ''}{MASK}@{rest}" if at else url
    return repr(hide_named(re.split(r"[?#]", text, maxsplit=1)[0])[:_MAX_SHOWN])


def show_server(url: str) -> str:
    """Return the part of a URL that names the server, fit for a message."""
    shown = urlsplit(show(url))
    return f"{shown.scheme}://{shown.netloc}"

"""Which content codings the client can undo: gzip and deflate always, br and zstd where their libraries are installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from requests.utils import default_headers

if TYPE_CHECKING:
    import requests

_IDENTITY: Final = "identity"
_READABLE: Final = frozenset(
    [_IDENTITY, "x-gzip", *(name.strip().lower() for name in default_headers()["Accept-Encoding"].split(","))]
)


def narrow(accepted: str) -> str:
    """Return an ``Accept-Encoding`` without the codings that the client could not undo."""
    parts = [part.strip() for part in accepted.split(",")]
    return ", ".join(part for part in parts if part.partition(";")[0].strip().lower() in _READABLE) or _IDENTITY


def find_unreadable(answer: requests.Response) -> str | None:
    """Return the coding of an answer that was not undone, or None."""
    names = (name.strip().lower() for name in answer.headers.get("Content-Encoding", "").split(","))
    return next((name for name in names if name and name not in _READABLE), None)

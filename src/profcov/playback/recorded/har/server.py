"""The server that a HAR is about."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from profcov.playback.client.address import find_origin
from profcov.playback.recorded.cleaning import is_static
from profcov.playback.recorded.part import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.playback.recorded.exchange import Exchange


def find_base_url(log: Part, exchanges: Sequence[tuple[str, Exchange]]) -> str | None:
    """Return the server of the first page, else the one that most requests went to; each exchange has its page's id.

    Pages and calls count before files of a page, which may come from elsewhere.
    """
    http = [(page, each) for page, each in exchanges if find_origin(each.sent.url) is not None]
    http = [(page, each) for page, each in http if not each.problem] or http
    pages = log.items("pages")
    first = Part(pages[0]).text("id") if pages else ""
    shown = [each for page, each in http if page and page == first and "html" in each.answer.type]
    if shown:
        return _follow(shown).sent.origin
    counted = Counter(each.sent.origin for _, each in http if not is_static(each)) or Counter(
        each.sent.origin for _, each in http
    )
    return counted.most_common(1)[0][0] if counted else None


def _follow(shown: Sequence[Exchange]) -> Exchange:
    """Return the first page, or the one that its host has sent the browser on to: HTTP to HTTPS, with ``www`` or not."""
    host = _host(shown[0])
    return next((each for each in shown if each.answer.status < 300 and _host(each) == host), shown[0])  # noqa: PLR2004


def _host(exchange: Exchange) -> str:
    return (urlsplit(exchange.sent.url).hostname or "").removeprefix("www.")

"""What of a recording is played: requests to the server itself and to servers that the hints name, without noise.

This is decided first; then, of these, which cannot be sent as the recording has them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from profcov.playback.client.address import find_origin
from profcov.playback.formats.request import METHODS
from profcov.playback.recorded.checks import find_problem
from profcov.reading.report.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profcov.playback.client.address import Origin
    from profcov.playback.recorded.exchange import Exchange, Traffic
    from profcov.playback.recorded.hints import Hints

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,19}):")
_STATIC_NAME: Final = re.compile(
    r"\.(m?js|css|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|otf|eot|wasm|mp[34]|webm|webmanifest)$", re.IGNORECASE
)
_STATIC_TYPE: Final = re.compile(r"^(image|font|audio|video)/|javascript|text/css|application/wasm|manifest\+json")
_STATIC_RESOURCES: Final = frozenset({"script", "stylesheet", "image", "font", "media", "manifest", "texttrack"})
_MAX_ODD: Final = 30
"""Sentences about single requests that are enough to see what is wrong."""

EVENT_STREAM: Final = "text/event-stream"
EVENT_SOURCE: Final = "eventsource"
"""The type of resource, as Chromium calls it."""

_NOISE: Final = re.compile(r"^/(favicon\.ico|apple-touch-icon[\w.-]*|robots\.txt|\.well-known/appspecific/.*)$")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The exchanges that are played; ``notes`` has a sentence for each kind that is not, and for what is odd.

    ``lacks`` has one for each that would be, if the recording had what is to be sent.
    """

    kept: list[Exchange]
    lacks: list[str]
    notes: list[str]


def clean(traffic: Traffic, hints: Hints) -> Cleaned:
    """Tell what is played from what is not."""
    base = hints.base_url or traffic.base_url
    servers = {find_origin(url) for url in (base, *hints.servers.values()) if url}
    kept, lacks, odd, left = [], [], [], Counter[str]()
    for exchange in traffic.exchanges:
        reason = next(_find_reasons(exchange, servers, hints), None)
        if reason is not None:
            left[reason] += 1
        elif exchange.problem:
            odd.append(f"{exchange.place}: left out: {exchange} {exchange.problem}")
        elif problem := find_problem(exchange):
            lacks.append(f"{exchange.place}: left out: {problem}")
        else:
            kept.append(exchange)
            odd += [f"{exchange.place}: {exchange.note}"] if exchange.note else []
    more = [f"{len(odd) - _MAX_ODD} more are left out or odd"] if len(odd) > _MAX_ODD else []
    return Cleaned(
        kept,
        lacks,
        [
            *odd[:_MAX_ODD],
            *more,
            *(f"left out: {reason}: {plural(number, 'request')}" for reason, number in left.items()),
        ],
    )


def _find_reasons(exchange: Exchange, servers: set[Origin | None], hints: Hints) -> Iterator[str]:
    """Yield why an exchange is not played; nothing if it is."""
    sent, answer = exchange.sent, exchange.answer
    origin = find_origin(sent.url)
    if origin is None and not sent.is_path:
        yield _name_kind(sent.method, sent.url)
    if origin is not None and origin not in servers:
        yield f"another server, {sent.origin} (name it under servers in {hints.file} to have it)"
    if answer.status == 101 or sent.header("Upgrade") == "websocket":  # noqa: PLR2004 (switching protocols)
        yield "a websocket"
    if exchange.from_cache or answer.header("Non-Authoritative-Reason") is not None:
        yield "answered by the browser itself"
    if sent.method not in METHODS:
        yield f"method {sent.method[:20]}, which playback does not send"
    if "preflight" not in hints.keep and _is_preflight(exchange):
        yield "a preflight"
    if "streams" not in hints.keep and _is_stream(exchange):
        yield "a stream of events, which may have no end"
    if "noise" not in hints.keep and _NOISE.match(sent.parts.path):
        yield "what browsers ask of any server"
    if "static" not in hints.keep and sent.method in {"GET", "HEAD"} and is_static(exchange):
        yield "a static file"


def _name_kind(method: str, url: str) -> str:
    """Return what a request is whose URL is not HTTP's."""
    scheme = _SCHEME.match(url)
    if method == "CONNECT":
        return "a tunnel through a proxy"
    if scheme is None or scheme[1].lower() in {"http", "https"}:
        return "its URL is not one"
    return "a websocket" if scheme[1].lower() in {"ws", "wss"} else f"{scheme[1]}: is not HTTP"


def is_static(exchange: Exchange) -> bool:
    """Return whether a file of the application was asked for, such as a script or a picture."""
    return (
        exchange.resource.lower() in _STATIC_RESOURCES
        or _STATIC_TYPE.search(exchange.answer.type) is not None
        or _STATIC_NAME.search(exchange.sent.parts.path) is not None
    )


def _is_preflight(exchange: Exchange) -> bool:
    named = exchange.resource.lower() == "preflight"
    return exchange.sent.method == "OPTIONS" and (named or bool(exchange.sent.header("Access-Control-Request-Method")))


def _is_stream(exchange: Exchange) -> bool:
    """Return whether a page listened for events with an EventSource."""
    if exchange.resource.lower() == EVENT_SOURCE:
        return True
    return exchange.answer.type.startswith(EVENT_STREAM) and exchange.sent.header("Accept") == EVENT_STREAM

"""What a recording lacks to be played: bodies, texts and headers that cannot be sent, and cookies from before it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from profcov.errors import ProfileFormatError
from profcov.playback.yaml_request import find_header_problem

if TYPE_CHECKING:
    from profcov.playback.profile import Request
    from profcov.playback.recorded.exchange import Exchange, Traffic


_LONGEST_URL: Final = 100_000
"""Servers take a tenth of that."""


def check_sendable(traffic: Traffic, exchanges: list[Exchange]) -> None:
    """Refuse what the recording lacks, and what no request can send."""
    for exchange in exchanges:
        if (problem := find_problem(exchange)) is not None:
            raise ProfileFormatError(traffic.path, exchange.place, problem)


def find_problem(exchange: Exchange) -> str | None:
    """Return why a request cannot be sent; half a surrogate pair, say, which JSON can name and no request can send."""
    sent = exchange.sent
    if len(sent.url) > _LONGEST_URL:
        return f"its address has {len(sent.url):,} characters: more than {_LONGEST_URL:,} are not sent"
    if sent.missing:
        return sent.missing
    fields = (f"{name}{value}" for name, value in sent.form)
    files = (f"{name}{upload.name}{upload.type}" for name, upload in sent.files)
    raw = sent.text if isinstance(sent.text, str) else ""
    text = "".join((sent.url, raw, json.dumps(sent.json, ensure_ascii=False), *fields, *files))
    return "a text has half of a surrogate pair" if any("\ud800" <= each <= "\udfff" for each in text) else None


def check_headers(traffic: Traffic, exchange: Exchange, request: Request) -> None:
    """Refuse a header that cannot be sent, if it is one of those that are."""
    for name, value in exchange.sent.headers:
        if name in request.headers and (problem := find_header_problem(name, value.strip())) is not None:
            raise ProfileFormatError(traffic.path, f"{exchange.place}: header {name[:80]}", problem)


def find_missing_cookies(exchanges: list[Exchange]) -> list[str]:
    """Tell which cookies the client had from before the recording."""
    known: set[str] = set()
    missing: dict[str, str] = {}
    for exchange in exchanges:
        for part in (exchange.sent.header("Cookie") or "").split(";"):
            name = part.partition("=")[0].strip()
            if name and name not in known:
                missing.setdefault(name, exchange.place)
        for key, value in exchange.answer.headers:
            if key.lower() == "set-cookie":
                known.update(line.partition("=")[0].strip() for line in value.split("\n"))
    return [
        f"{place}: no recorded answer set the cookie {name}: log in within the recording, or give it to playback"
        for name, place in missing.items()
    ]

"""What a recording lacks to be played: bodies, texts and headers that cannot be sent, and cookies from before it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from profcov.playback.formats.request import find_header_problem

if TYPE_CHECKING:
    from profcov.playback.recorded.exchange import Exchange
    from profcov.playback.scenario.model import Request

_MAX_URL_CHARS: Final = 100_000
"""Servers take a tenth of that."""

_HALF_PAIR: Final = re.compile("[\ud800-\udfff]")


def find_problem(exchange: Exchange) -> str:
    """Return why a request cannot be sent as it was: what the recording lacks, or half a surrogate pair, which JSON can name."""
    sent = exchange.sent
    if len(sent.url) > _MAX_URL_CHARS:
        return f"its address has {len(sent.url):,} characters: more than {_MAX_URL_CHARS:,} are not sent"
    body = sent.body
    if body.missing:
        return body.missing
    fields = (f"{name}{value}" for name, value in body.form)
    files = (f"{name}{upload.name}{upload.type}" for name, upload in body.files)
    raw = body.text if isinstance(body.text, str) else ""
    text = "".join((sent.url, raw, json.dumps(body.json, ensure_ascii=False), *fields, *files))
    return "a text has half of a surrogate pair" if _HALF_PAIR.search(text) else ""


def drop_headers(exchange: Exchange, request: Request) -> tuple[Request, list[str]]:
    """Return the request without the headers that cannot be sent, and a sentence about each."""
    problems = {
        name: problem
        for name, value in exchange.sent.headers
        if name in request.headers and (problem := find_header_problem(name, value.strip())) is not None
    }
    kept = {name: value for name, value in request.headers.items() if name not in problems}
    notes = [f"{exchange.place}: header {name[:80]} is left out: {problem}" for name, problem in problems.items()]
    return (replace(request, headers=kept) if problems else request), notes


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

"""Offers: the values that a recorded answer brings, with the place where a live answer has them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import jmespath

from profcov.playback.recorded.values import (
    find_segments,
    find_tokens,
    is_id_name,
    singular,
    snake_case,
)
from profcov.playback.scenario.source import CookieSource, HeaderSource, HtmlSource, JsonSource, TextSource, read_fields

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from profcov.playback.recorded.exchange import Answer, Exchange
    from profcov.playback.scenario.source import Source

_MAX_URL_CHARS: Final = 4096
_MAX_PAGE_CHARS: Final = 1_000_000
_MAX_DEPTH: Final = 60
_USUAL: Final = frozenset(
    [
        "accept-ranges",
        "age",
        "allow",
        "alt-svc",
        "cache-control",
        "connection",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-security-policy",
        "content-type",
        "cross-origin-opener-policy",
        "date",
        "expires",
        "keep-alive",
        "last-modified",
        "link",
        "nel",
        "permissions-policy",
        "pragma",
        "referrer-policy",
        "report-to",
        "server",
        "set-cookie",
        "strict-transport-security",
        "timing-allow-origin",
        "transfer-encoding",
        "upgrade",
        "vary",
        "via",
        "x-content-type-options",
        "x-frame-options",
        "x-powered-by",
        "x-profile-trace-status",
        "x-xss-protection",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
        "access-control-expose-headers",
        "access-control-max-age",
    ]
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A value and its place; ``names`` are what such a value may be called, the best one first.

    ``is_text`` is false for a JSON number.
    """

    value: str
    source: Source
    names: tuple[str, ...]
    is_text: bool = True


def find_offers(exchange: Exchange, wanted: AbstractSet[str]) -> Iterator[Offer]:
    """Yield where an answer has values that are wanted, the places that last longest first: JSON, headers, cookies, fields."""
    return (offer for offer in _find_all(exchange, wanted) if offer.value in wanted)


def _find_all(exchange: Exchange, wanted: AbstractSet[str]) -> Iterator[Offer]:
    answer = exchange.answer
    yield from _find_in_json(exchange, wanted)
    for name, value in answer.headers:
        if name.lower() == "location":
            for match, found, called in _find_in_url(value):
                yield Offer(found, HeaderSource(name, match), called)
        elif name.lower() not in _USUAL and value:
            yield Offer(value, HeaderSource(name), (snake_case(name) or "header",))
    for name, value in _read_cookies(answer):
        yield Offer(value, CookieSource(name), (snake_case(name) or "cookie",))
    if answer.text is not None and "html" in answer.type:
        for name, value in read_fields(answer.text[:_MAX_PAGE_CHARS]):
            yield Offer(value, HtmlSource(name), (snake_case(name) or "field",))


def find_in_text(answer: Answer, value: str) -> TextSource | None:
    """Return how to find a value in a body that is text, by what stands before it; None if that is not unique."""
    text = answer.text or ""
    at = text.find(value)
    while at >= 0:
        for length in (6, 12, 24, 48, 96):
            before = text[max(at - length, 0) : at].rpartition("\n")[2]
            pattern = re.compile(f"{re.escape(before)}([A-Za-z0-9][A-Za-z0-9_.~+=-]*)")
            found = pattern.search(text)
            if before.strip() and found is not None and found[1] == value:
                return TextSource(pattern)
        at = text.find(value, at + 1)
    return None


def find_text_tokens(answer: Answer, wanted: AbstractSet[str]) -> AbstractSet[str]:
    """Return the values that are wanted in a body that is text and no JSON."""
    if answer.text is None or answer.json is not None:
        return frozenset()
    return {token for _, token in find_tokens(answer.text)} & wanted


def _find_in_json(exchange: Exchange, wanted: AbstractSet[str]) -> Iterator[Offer]:
    segments = [segment for _, segment in find_segments(exchange.sent.parts.path or "/")]
    collection = segments[-1] if segments else ""
    for path, value in _leaves(exchange.answer.json, ()):
        if isinstance(value, bool) or not isinstance(value, str | int):
            continue
        text = _to_text(value)
        if text in wanted:
            names = _name(tuple(key for key in path if isinstance(key, str)), collection)
            yield Offer(text, JsonSource(jmespath.compile(_expression(path))), names, isinstance(value, str))
        if isinstance(value, str) and len(value) <= _MAX_URL_CHARS:
            for match, found, called in _find_in_url(value):
                if found in wanted:
                    yield Offer(found, JsonSource(jmespath.compile(_expression(path)), match), called)


def _to_text(value: str | int) -> str:
    try:
        return str(value)
    except ValueError:  # an integer of thousands of digits
        return ""


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield each leaf with the keys and numbers on the way to it."""
    if len(path) > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, (*path, number))
    elif value is not None:
        yield path, value


def _expression(path: tuple[str | int, ...]) -> str:
    """Return the JMESPath expression of a way: ``runs[0].id``."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key, re.ASCII)
            text += ("." if text else "") + (key if plain else json.dumps(key))
    return text or "@"


def _name(keys: tuple[str, ...], collection: str) -> tuple[str, ...]:
    """Return what a leaf may be called: ``id`` of an answer to /api/runs is ``run_id``, ``job.id`` is ``job_id``."""
    last = snake_case(keys[-1]) if keys else ""
    owner = singular(snake_case(keys[-2] if len(keys) > 1 else collection))
    if last in {"id", "pk", "uuid", "guid"}:
        return (f"{owner}_id", last) if owner not in {"", last} else (last,)
    if len(keys) > 1 and not is_id_name(last):
        return (last or "value", f"{owner}_{last}") if last else ("value",)
    return (last or "value",)


def _find_in_url(url: str) -> Iterator[tuple[re.Pattern[str], str, tuple[str, ...]]]:
    """Yield the segments of a URL that may be ids: a pattern that takes it, the segment, and its names."""
    segments = find_segments(url)
    for (start, before), (at, segment) in pairwise(segments):
        if any(character.isdigit() for character in segment):
            named = singular(snake_case(before))
            joint = url[start + len(before) : at]
            pattern = re.compile(f"{re.escape(before + joint)}([^/?#&=]+)")
            found = pattern.search(url)
            if found is not None and found[1] == segment:
                yield pattern, segment, (named if is_id_name(named) else f"{named}_id", "id")


def _read_cookies(answer: Answer) -> Iterator[tuple[str, str]]:
    for name, value in answer.headers:
        if name.lower() == "set-cookie":
            for line in value.split("\n"):
                try:
                    found = SimpleCookie(line.partition(";")[0])
                except CookieError:
                    continue
                yield from ((key, morsel.value) for key, morsel in found.items())

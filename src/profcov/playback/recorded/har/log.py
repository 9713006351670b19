"""HAR 1.2, as browsers, Playwright and proxies write it: http://www.softwareishard.com/blog/har-12-spec/.

Nothing in an entry refuses the recording. Which entries are played is decided by :mod:`~profcov.playback.recorded.cleaning`;
why one cannot be is in its exchange.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import ProfileFormatError
from profcov.playback.client.address import find_origin
from profcov.playback.recorded.body import Body, BodyError
from profcov.playback.recorded.cleaning import EVENT_SOURCE, EVENT_STREAM
from profcov.playback.recorded.exchange import Answer, Exchange, Headers, Sent, Traffic, find_header
from profcov.playback.recorded.har.body import read_body
from profcov.playback.recorded.har.content import read_answer_text
from profcov.playback.recorded.har.server import find_base_url
from profcov.playback.recorded.part import Part
from profcov.playback.recorded.times import read_seconds, read_start
from profcov.playback.scenario.model import MAX_STATUS, MIN_STATUS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from profcov.playback.recorded.hints import Hints

_SWITCHED: Final = 101
_FAILURES: Final = ("_failureText", "_error", "_errorMessage")
_MADE_BY_PROXY: Final = re.compile(r"Fiddler - ")
"""The reason of an answer that a proxy has made because none came."""

_MAX_PLACES: Final = 5
_CACHES: Final = re.compile(r"(Memory|Disk) Cache")
_NO_ANSWERS: Final = (
    "it has requests only, and no answers: each has to be answered with success, and no value is taken from one"
)

_NO_SERVER: Final = "requests whose URL is a path only go to the profile's own server"
_NO_BODIES: Final = "no answer has its body: ids and tokens stay as recorded; record with content"
_WITH_BODY: Final = re.compile(r"json|html")


def read_har(path: Path, document: Any, hints: Hints, rest: str = "") -> Traffic:
    """Read a HAR document, and with it the forms that the hints describe; ``rest`` is what follows it in its file.

    Raises:
        ProfileFormatError: it has no list of entries.
    """
    log = Part(document).part("log") or Part(document)  # Firefox gives its extensions the log itself
    if not isinstance(log.value("entries"), list):
        raise ProfileFormatError(path, "log.entries", "there is no such list: this is not a HAR, or only a part of one")
    entries = [_Entry(path, number, value) for number, value in enumerate(log.items("entries"), start=1)]
    entries = _sort(entries)
    has_answers = any(entry.has_answer for entry in entries)
    whole = [(entry.page, entry.read(hints, has_answers=has_answers)) for entry in entries if not entry.lacks]
    notes = list(_list_lacking(entries))
    if whole and not has_answers:
        notes.append(_NO_ANSWERS)
    if any(_has_had_body(each) for _, each in whole) and all(each.answer.text is None for _, each in whole):
        notes.append(_NO_BODIES)
    if any(each.sent.is_path for _, each in whole):
        notes.append(_NO_SERVER)
    if rest:
        notes.append(f"{len(rest):,} characters after the end of the HAR are not read")
    return Traffic(
        path=path,
        name=path.name,
        exchanges=tuple(exchange for _, exchange in whole),
        description=_describe(log, entries),
        base_url=find_base_url(log, whole),
        notes=tuple(notes),
    )


class _Entry:
    """One entry of the log; ``lacks`` names what it does not have, so that it is not an exchange."""

    def __init__(self, path: Path, number: int, value: Any) -> None:
        self._path = path
        self._fields = Part(value)
        self.place = f"entry {number}"
        self.page = self._fields.text("pageref")
        self.started = read_start(self._fields)
        self._request = self._fields.part("request")
        self._response = self._fields.part("response")
        self._method = self._request.text("method").strip().upper()
        self._url = self._request.text("url").strip().partition("#")[0]
        facts = {"request": self._request, "method": self._method, "URL": self._url}
        self.lacks = next((name for name, fact in facts.items() if not fact), "")
        is_null = "response" in self._fields and self._fields.value("response") is None
        self.has_answer = is_null or self._response.value("status") is not None

    def read(self, hints: Hints, *, has_answers: bool) -> Exchange:
        """Return the exchange; ``has_answers``: the recording has at least one answer."""
        headers = _read_headers(self._request)
        sent = Sent(self._method, self._url, headers, self._read_body(headers, hints))
        answer, note = self._read_answer()
        return Exchange(
            self.place,
            sent,
            answer,
            EVENT_SOURCE if self._was_left(answer) else self._fields.text("_resourceType"),
            from_cache=self._is_from_cache(),
            began=self.started,
            ended=None if self.started is None else self.started + read_seconds(self._fields),
            problem=self._find_problem(answer) if has_answers else "",
            note=note,
        )

    def _read_body(self, headers: Headers, hints: Hints) -> Body:
        sent = Sent(self._method, self._url)
        if find_origin(self._url) is None and not sent.is_path:
            return Body()
        return read_body(self._request, headers, self._path, sent.parts.path or "/", hints)

    def _read_answer(self) -> tuple[Answer, str]:
        """Return the answer, and what of it cannot be read."""
        headers = _read_headers(self._response)
        content = self._response.part("content")
        kind = (content.text("mimeType") or find_header(headers, "Content-Type") or "").lower()
        if find_header(headers, "Location") is None and self._response.text("redirectURL"):
            headers = (*headers, ("Location", self._response.text("redirectURL")))
        status = self._response.number("status")
        is_one = status is not None and status.is_integer() and 0 < status <= MAX_STATUS
        try:
            text, note = read_answer_text(content, self._path, kind, headers), ""
        except BodyError as error:
            text, note = None, f"the answer's body is not read: {error}"
        return Answer(int(status) if status is not None and is_one else 0, headers, text, kind), note

    def _find_problem(self, answer: Answer) -> str:
        """Return why the answer does not show that the request was played; empty if it does."""
        failed = self._has_failed()
        is_empty = not answer.headers and not answer.text and (self._response.number("bodySize") or 0) <= 0
        made_up = (
            self._response.text("_charlesStatus") == "FAILED"
            or _MADE_BY_PROXY.match(self._response.text("statusText")) is not None
        )
        is_final = answer.status >= MIN_STATUS or answer.status == _SWITCHED
        return "was not answered" if (failed and is_empty) or made_up or not is_final else ""

    def _was_left(self, answer: Answer) -> bool:
        """Return whether an answer is a stream of events whose end the client did not wait for."""
        if not answer.type.startswith(EVENT_STREAM):
            return False
        return self._has_failed() or (self._method == "GET" and not answer.text)

    def _has_failed(self) -> bool:
        return any(self._response.text(key) for key in _FAILURES)

    def _is_from_cache(self) -> bool:
        """Return whether the browser has answered by itself, or a test in its place."""
        flags = (self._response.value("fromDiskCache"), self._response.value("fromPrefetchCache"))
        return (
            bool(self._fields.value("_fromCache"))
            or self._fields.value("_wasFulfilled") is True
            or True in flags
            or _CACHES.fullmatch(self._fields.text("_fetchType")) is not None
        )


def _list_lacking(entries: list[_Entry]) -> Iterator[str]:
    """Yield a sentence for each kind of entry that is not an exchange."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        if entry.lacks:
            found.setdefault(entry.lacks, []).append(entry.place)
    for lack, places in found.items():
        more = f" and {len(places) - _MAX_PLACES} more" if len(places) > _MAX_PLACES else ""
        yield f"{', '.join(places[:_MAX_PLACES])}{more}: left out: it has no {lack}"


def _has_had_body(exchange: Exchange) -> bool:
    answer = exchange.answer
    return (
        exchange.sent.method == "GET" and answer.status == HTTPStatus.OK and _WITH_BODY.search(answer.type) is not None
    )


def _sort(entries: list[_Entry]) -> list[_Entry]:
    """Return the entries as they were sent; one without a time comes after the one before it in the file."""
    times, last = {}, 0.0
    for entry in entries:
        last = entry.started or last
        times[entry.place] = last
    return sorted(entries, key=lambda entry: times[entry.place])


def _read_headers(part: Part) -> Headers:
    """Return the headers, without HTTP/2's pseudo headers such as ``:authority``."""
    return tuple((name, value) for name, value in part.pairs("headers") if not name.startswith(":"))


def _describe(log: Part, entries: list[_Entry]) -> str:
    names = [f"{part.text('name')} {part.text('version')}".strip() for part in map(log.part, ("browser", "creator"))]
    first = next((entry.started for entry in entries if entry.started is not None), None)
    day = "" if first is None else f" on {datetime.fromtimestamp(first, UTC):%Y-%m-%d}"
    return " ".join(f"recorded by {', '.join(dict.fromkeys(filter(None, names))) or 'a client'}{day}".split())[:200]

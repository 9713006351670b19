"""HAR 1.2, as browsers, Playwright and proxies write it: http://www.softwareishard.com/blog/har-12-spec/."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from profcov.playback.address import find_origin
from profcov.playback.fields import Fields, describe
from profcov.playback.recorded.exchange import Answer, Exchange, Headers, Sent, Traffic
from profcov.playback.recorded.har_body import read_body
from profcov.playback.recorded.har_content import read_answer_text

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.playback.recorded.hints import Hints

_HIGHEST_STATUS: Final = 599
_DAY: Final = 86_400_000
"""In milliseconds, as HAR counts."""


def read_har(path: Path, document: Any, hints: Hints) -> Traffic:
    """Read a HAR document, and with it the forms that the hints describe.

    Raises:
        ProfileFormatError: it does not fit the format.
    """
    log = Fields(path, "", document).mapping("log")
    entries = [_Entry(path, number, value) for number, value in enumerate(log.items("entries"), start=1)]
    ordered = sorted(entries, key=lambda entry: entry.started) if all(entry.has_start for entry in entries) else entries
    return Traffic(
        path=path,
        name=path.name,
        exchanges=tuple(exchange for entry in ordered if (exchange := entry.read(hints)) is not None),
        description=_describe(log, ordered),
        base_url=_find_base_url(log, ordered),
        notes=tuple(entry.note for entry in ordered if entry.note),
    )


class _Entry:
    """One entry of the log, and what was noticed when it was read."""

    def __init__(self, path: Path, number: int, value: Any) -> None:
        self._path = path
        self._fields = Fields(path, f"entry {number}", value, joint=": ")
        self.place = f"entry {number}"
        self.note = ""
        self.request = self._fields.mapping("request")
        self.response = self._fields.mapping("response")
        self.method = self.request.text("method").upper()
        self.url = self.request.text("url").partition("#")[0]
        self.page = self._fields.optional_text("pageref") if self._fields.has_text("pageref") else None
        self.started = _read_time(self._fields)
        self.has_start = self.started != _NO_TIME

    def read(self, hints: Hints) -> Exchange | None:
        """Return the exchange, or None if the request never was one of HTTP, or was not answered."""
        if find_origin(self.url) is None:
            scheme = self.url.partition(":")[0][:20]
            self.note = f"{self.place}: left out: {scheme}: is not HTTP"
            return None
        status = self.response.value("status")
        if type(status) is not int or not 0 <= status <= _HIGHEST_STATUS:
            self.response.fail("status", f"must be a number from 0 to {_HIGHEST_STATUS}, not {describe(status)}")
        if status < 100:  # noqa: PLR2004 (HTTP's lowest; browsers write 0 or -1 where no answer came)
            self.note = f"{self.place}: left out: {self.method} {_path(self.url)} was not answered"
            return None
        headers = _read_headers(self.request)
        body = read_body(self.request, headers, self._path, _path(self.url), hints)
        sent = Sent(
            self.method,
            self.url,
            headers,
            body.json,
            body.has_json,
            body.form,
            body.files,
            body.multipart,
            body.text,
            body.missing,
        )
        resource = self._fields.optional_text("_resourceType") if self._fields.has_text("_resourceType") else None
        began = self.started.timestamp() if self.has_start else None
        return Exchange(
            self.place,
            sent,
            self._read_answer(status),
            resource or "",
            from_cache="_fromCache" in self._fields,
            began=began,
            ended=None if began is None else began + _read_seconds(self._fields),
        )

    def is_page(self) -> bool:
        """Return whether this is an HTML page."""
        content = self.response.mapping("content")
        return content.has_text("mimeType") and "html" in content.text("mimeType")

    def _read_answer(self, status: int) -> Answer:
        headers = _read_headers(self.response)
        content = self.response.mapping("content")
        kind = content.text("mimeType").lower() if content.has_text("mimeType") else ""
        text = read_answer_text(content, self._path, kind, headers)
        if not any(name.lower() == "location" for name, _ in headers) and self.response.has_text("redirectURL"):
            headers = (*headers, ("Location", self.response.text("redirectURL")))
        return Answer(status, headers, text, kind)


_NO_TIME: Final = datetime.min.replace(tzinfo=UTC)


def _read_seconds(fields: Fields) -> float:
    """Return how long an exchange took; browsers write -1 where they do not know."""
    time = fields.value("time") if "time" in fields else None
    return time / 1000 if isinstance(time, int | float) and 0 < time < _DAY else 0.0


def _read_time(fields: Fields) -> datetime:
    if not fields.has_text("startedDateTime"):
        return _NO_TIME
    try:
        time = datetime.fromisoformat(fields.text("startedDateTime"))
    except ValueError:
        fields.fail("startedDateTime", f"{fields.text('startedDateTime')[:40]!r} is not a time such as ISO 8601 has")
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)


def _read_headers(part: Fields) -> Headers:
    """Return the headers, without HTTP/2's pseudo headers such as ``:authority``."""
    return tuple((name, value) for name, value in _read_pairs(part, "headers") if not name.startswith(":"))


def _read_pairs(part: Fields, key: str) -> list[tuple[str, str]]:
    if key not in part or part.value(key) is None:
        return []
    value = part.value(key)
    if not isinstance(value, list):
        part.fail(key, f"must be a list, not {describe(value)}")
    pairs = []
    for number, item in enumerate(value, start=1):
        each = part.with_value(f"{key} {number}", item)
        content = each.value("value")
        if not isinstance(content, str):
            each.fail("value", f"must be text, not {describe(content)}")
        pairs.append((each.text("name"), content))
    return pairs


def _find_base_url(log: Fields, entries: list[_Entry]) -> str | None:
    """Return the server of the first page, else the one that most requests went to."""
    http = [entry for entry in entries if find_origin(entry.url) is not None]
    pages = log.value("pages") if "pages" in log else None
    first = pages[0].get("id") if isinstance(pages, list) and pages and isinstance(pages[0], dict) else None
    for entry in http:
        if entry.page is not None and entry.page == first and entry.is_page():
            return _origin(entry.url)
    counted = Counter(_origin(entry.url) for entry in http)
    return counted.most_common(1)[0][0] if counted else None


def _origin(url: str) -> str:
    return Sent("GET", url).origin


def _path(url: str) -> str:
    return Sent("GET", url).parts.path or "/"


def _describe(log: Fields, entries: list[_Entry]) -> str:
    names = []
    for key in ("browser", "creator"):
        part = log.value(key) if key in log else None
        if isinstance(part, dict) and isinstance(part.get("name"), str):
            names.append(f"{part['name']} {part.get('version') or ''}".strip())
    day = f" on {entries[0].started:%Y-%m-%d}" if entries[0].has_start else ""
    return " ".join(f"recorded by {', '.join(names) or 'a client'}{day}".split())[:200]

"""One event of a capture: when it was, what was sent, what came back."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from profcov.playback.client.address import find_origin
from profcov.playback.formats.fields import Fields
from profcov.playback.masking.text import hide_named
from profcov.playback.masking.urls import show, show_wrong
from profcov.playback.recorded.events.body import LackingError, read_body
from profcov.playback.recorded.exchange import Answer, Sent
from profcov.playback.recorded.times import read_time
from profcov.playback.scenario.model import MAX_STATUS

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.playback.recorded.hints import Hints

_NO_MATTER: Final = frozenset({"_"})
"""Parameters that only keep a browser's cache away."""

_STATUSES: Final = range(100, MAX_STATUS + 1)
_FIRST_ERROR: Final = 400


class Event:
    """One line, and ``run``: the run that it is about, if it names one."""

    def __init__(self, path: Path, number: int, value: Any) -> None:
        """Take the value of a line.

        Raises:
            ProfileFormatError: it is not an event.
        """
        self.number = number
        self.place = f"line {number}"
        self.fields = Fields(path, self.place, value, joint=": ")
        self.stage = self.fields.text("stage")
        self.id = str(self.fields.scalar("id")) if self.stage in {"request", "response", "error"} else ""
        self.run = self.fields.text("runId") if self.fields.has_text("runId") else ""

    def title(self) -> str:
        """Return method and path, as far as they are recorded."""
        method = self.fields.text("method").upper() if self.fields.has_text("method") else ""
        endpoint = show(self.fields.text("endpoint")) if self.fields.has_text("endpoint") else ""
        return hide_named(f"{method} {endpoint}".strip()) or "something"

    def is_ok(self) -> bool:
        """Return whether the answer was a success: ``ok``, else a status below 400."""
        if self.stage == "error":
            return False
        if self.fields.has_something("ok"):
            return self.fields.value("ok") is True
        return self._status() < _FIRST_ERROR

    def read_time(self) -> float | None:
        """Return when it happened, in seconds since the epoch; None where that is not recorded, or not as a time."""
        return read_time(self.fields.value("timestamp")) if "timestamp" in self.fields else None

    def read_sent(self, answer: Event, seeds: Path, hints: Hints) -> Sent:
        """Return the request; its query may stand only in the address that its answer names, its files among the seeds.

        Raises:
            LackingError: the recording lacks a part of what was sent.
            ProfileFormatError: it is not a request of HTTP.
        """
        method, url = self.fields.text("method").upper(), self._read_url(answer)
        meta = self.fields.value("requestMeta") if self.fields.has_something("requestMeta") else {}
        fields = self.fields.with_value("requestMeta", meta)
        return Sent(method, url, body=read_body(fields, urlsplit(url).path, seeds, hints))

    def read_answer(self) -> Answer:
        """Return the answer, with what the recording has of it that can be used."""
        headers = self.fields.value("headers") if self.fields.has_something("headers") else {}
        pairs = [(name, value) for name, value in headers.items()] if isinstance(headers, dict) else []
        texts = tuple((name, str(value)) for name, value in pairs if isinstance(value, str | int | float))
        body = self.fields.value("body") if self.fields.has_something("body") else None
        if isinstance(body, dict | list):
            body = json.dumps(body)
        kind = next((value for name, value in texts if name.lower() == "content-type"), "")
        return Answer(self._status(), texts, body if isinstance(body, str) else None, kind)

    def _read_url(self, answer: Event) -> str:
        """Return the address with its query; the one that the answer has is whole, unless it is another place's."""
        url = self._endpoint()
        if answer.fields.has_text("endpoint"):
            final = answer.fields.text("endpoint").partition("#")[0]
            with contextlib.suppress(ValueError):
                url = _take_query(url, final)
        names = self.fields.value("params") if "params" in self.fields else None
        sent = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)} | _NO_MATTER
        lost = [name for name in names if isinstance(name, str) and name not in sent] if isinstance(names, list) else []
        if lost:
            raise LackingError(f"the values of its parameters are not recorded: {', '.join(lost)}")
        return url

    def _endpoint(self) -> str:
        url = self.fields.text("endpoint").partition("#")[0]
        if find_origin(url) is not None:
            return url
        if "://" in url or url.startswith("//"):
            self.fields.fail("endpoint", f"{show_wrong(url)} is neither a path nor a URL of HTTP")
        return url if url.startswith("/") else f"/{url}"

    def _status(self) -> int:
        """Return the status; 200 if it is missing or not HTTP's."""
        status = self.fields.value("status") if self.fields.has_something("status") else None
        number = int(status) if isinstance(status, str) and status.isascii() and status.isdigit() else status
        return number if type(number) is int and number in _STATUSES else 200


def _take_query(url: str, final: str) -> str:
    """Return a URL with the query of the one that answered, if that is of the same place and has at least as much."""
    asked, answered = urlsplit(url), urlsplit(final)
    recorded, whole = (set(parse_qsl(each.query, keep_blank_values=True)) for each in (asked, answered))
    if answered.path.lstrip("/") != asked.path.lstrip("/") or not recorded <= whole:
        return url
    return asked._replace(query=answered.query).geturl()

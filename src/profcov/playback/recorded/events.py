"""A capture directory: ``capture/events.jsonl``, one JSON object a line, and the files that were uploaded beside it.

Events of stage ``request`` and ``response`` have the same ``id``. A request has ``method``, ``endpoint`` (path or URL
with query) and ``requestMeta`` with ``jsonPayload``, a text, or ``bodyType: form-data``; a response has ``status`` and
``ok``, and may have ``headers`` and ``body``. Both may have a ``timestamp``. The client's waiting is not in it: it went by the jobs that answers named.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from profcov.playback.address import find_origin
from profcov.playback.fields import Fields, describe
from profcov.playback.json_text import parse_json, read_text
from profcov.playback.recorded.body import find_form, make_form, parse_body
from profcov.playback.recorded.exchange import Answer, Exchange, Sent, Traffic
from profcov.playback.recorded.hints import Form
from profcov.playback.recorded.values import find_tokens
from profcov.playback.secret_text import hide_named

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.playback.recorded.hints import Hints

EVENTS: Final = "events.jsonl"
CAPTURE: Final = "capture"

_IN_MILLISECONDS: Final = 100_000_000_000
"""A time above this, 5138 in seconds and 1973 in milliseconds, is in milliseconds, as JavaScript has it."""

_RUN: Final = re.compile(r"/runs/([^/]+)(/[^/])?")


def read_events(path: Path, hints: Hints) -> Traffic:
    """Read the events of a capture directory, and with them the forms that the hints describe.

    Raises:
        ProfileFormatError: a line does not fit the format, or an upload is missing.
    """
    lines = [(number, line) for number, line in enumerate(read_text(path).split("\n"), start=1) if line.strip()]
    events = [_Event(path, number, line) for number, line in lines]
    requests = {event.id: event for event in events if event.stage == "request"}
    exchanges, notes, origins = [], [], set()
    for event in events:
        if event.stage != "response":
            continue
        if event.id not in requests:
            event.fields.fail("id", f"there is no request {event.id!r} before it")
        request = requests.pop(event.id)
        if not event.is_ok():
            notes.append(f"{request.place}: left out: {request.title()} was not answered with success")
            continue
        sent = request.read_sent(path, hints)
        origins.add(sent.origin)
        began, ended = request.read_time(), event.read_time()
        exchanges.append(Exchange(request.place, sent, event.read_answer(), began=began, ended=ended))
    notes += [f"{event.place}: left out: {event.title()} was not answered" for event in requests.values()]
    if not exchanges:
        Fields(path, "", {}).fail("", "no request in it was answered with success")
    return Traffic(
        path=path,
        name=(path.parent.parent if path.parent.name == CAPTURE else path.parent).absolute().name,
        exchanges=tuple(exchanges),
        description="recorded as events",
        base_url=next(iter(origins - {""}), None) if len(origins - {""}) == 1 else None,
        wait_for_jobs=True,
        run_id=_find_run_id(exchanges),
        notes=tuple(notes),
    )


def _find_run_id(exchanges: list[Exchange]) -> str | None:
    """Return the run that a recording is about: ``<id>`` of ``/runs/<id>/...``, if an answer or another request has it."""
    found = [match for each in exchanges if (match := _RUN.search(each.sent.parts.path))]
    asked = Counter(match[1] for match in found)
    texts = (
        text for each in exchanges for text in (each.answer.text or "", *(value for _, value in each.answer.headers))
    )
    answered = {token for text in texts for _, token in find_tokens(text)}
    return next(
        (run for run, more in (match.groups() for match in found) if more and (asked[run] > 1 or run in answered)), None
    )


class _Event:
    """One line."""

    def __init__(self, path: Path, number: int, line: str) -> None:
        self.place = f"line {number}"
        self.fields = Fields(path, self.place, parse_json(path, line, self.place), joint=": ")
        self.stage = self.fields.text("stage")
        self.id = str(self.fields.scalar("id")) if self.stage in {"request", "response"} else ""

    def title(self) -> str:
        """Return method and path."""
        return f"{self.fields.text('method').upper()} {self._url().partition('?')[0]}"

    def is_ok(self) -> bool:
        """Return whether the answer was a success: ``ok``, else a status below 400."""
        if "ok" in self.fields and self.fields.value("ok") is not None:
            return self.fields.value("ok") is True
        return self._status() < 400  # noqa: PLR2004 (HTTP's first of an error)

    def read_time(self) -> float | None:
        """Return when it happened, in seconds since the epoch; None where that is not recorded, or not as a time."""
        stamp = self.fields.value("timestamp") if "timestamp" in self.fields else None
        if isinstance(stamp, str):
            with contextlib.suppress(ValueError, OverflowError):
                return datetime.fromisoformat(stamp).timestamp()
        if isinstance(stamp, int | float) and 0 < stamp < _IN_MILLISECONDS * 1000:
            return stamp / 1000 if stamp > _IN_MILLISECONDS else float(stamp)
        return None

    def read_sent(self, path: Path, hints: Hints) -> Sent:
        """Return the request."""
        method, url = self.fields.text("method").upper(), self._url()
        meta = self.fields.mapping("requestMeta") if self.fields.has_something("requestMeta") else None
        if meta is None:
            return Sent(method, url)
        if meta.has_something("jsonPayload"):
            body = parse_body(meta.text("jsonPayload"), "application/json")
            if not body.has_json:
                meta.fail("jsonPayload", f"{hide_named(meta.text('jsonPayload'))[:40]!r} is not JSON")
            return Sent(method, url, json=body.json, has_json=True)
        if meta.has_something("bodyType") and meta.value("bodyType") == "form-data":
            return self._read_form(method, url, path.parent / "seed" / "uploads", hints)
        return Sent(method, url)

    def read_answer(self) -> Answer:
        """Return the answer, with what the recording has of it."""
        headers = self.fields.mapping("headers") if self.fields.has_something("headers") else None
        pairs = tuple((name, str(headers.scalar(name))) for name in headers) if headers is not None else ()
        body = self.fields.value("body") if self.fields.has_something("body") else None
        if body is not None and not isinstance(body, str):
            self.fields.fail("body", f"must be text, not {describe(body)}")
        return Answer(self._status(), pairs, body, next((v for k, v in pairs if k.lower() == "content-type"), ""))

    def _read_form(self, method: str, url: str, seeds: Path, hints: Hints) -> Sent:
        """Return a form request: the fields and files that the hints name, else the seeds that fit its endpoint."""
        path = url.partition("?")[0].rstrip("/")
        form = find_form(hints.forms, path)
        if form is None:
            words = path.rpartition("/")[2].replace("-", "_").split("_")
            # Not by Path.is_dir, which raises for a name that is too long.
            folders = [word for word in words if word.strip(".") and os.path.isdir(seeds / word)]  # noqa: PTH112
            found = [file for folder in folders for file in sorted((seeds / folder).iterdir()) if file.is_file()]
            form = Form(files={file.stem: f"{file.parent.name}/{file.name}" for file in found})
        body = make_form(form, seeds)
        problem = body.missing
        if not (body.form or body.files):
            problem = f"requestMeta.bodyType: no file under {seeds} fits {path}: name fields and files under forms in {hints.file}"
        return Sent(method, url, form=body.form, files=body.files, multipart=True, missing=problem)

    def _url(self) -> str:
        url = self.fields.text("endpoint").partition("#")[0]
        if find_origin(url) is not None:
            return url
        if "://" in url or url.startswith("//"):
            self.fields.fail("endpoint", f"{hide_named(url)[:80]!r} is neither a path nor a URL of HTTP")
        return url if url.startswith("/") else f"/{url}"

    def _status(self) -> int:
        status: Any = self.fields.value("status") if self.fields.has_something("status") else 200
        if type(status) is not int or not 100 <= status <= 599:  # noqa: PLR2004 (HTTP's first and last)
            self.fields.fail("status", f"must be a number from 100 to 599, not {describe(status)}")
        return status

"""A capture directory: ``capture/events.jsonl``, one JSON object a line, and the files that were uploaded beside it.

Events of stage ``request``, ``response`` and ``error`` have the ``id`` of their request. A request has ``method``,
``endpoint`` (path or URL) and ``requestMeta``; a response has ``status`` and ``ok``, may repeat the ``endpoint`` with the
query that was sent, and may have ``headers`` and ``body``. Each may have a ``timestamp``, and a ``runId``. What cannot be used
is left out, with a note. The client's waiting is not in it: it went by the jobs that answers named.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final

from profcov.errors import ProfileFormatError
from profcov.playback.formats.fields import Fields
from profcov.playback.formats.json_text import parse_json, read_text
from profcov.playback.recorded.events.body import LackingError
from profcov.playback.recorded.events.event import Event
from profcov.playback.recorded.exchange import Exchange, Traffic
from profcov.playback.recorded.rewriting import escape
from profcov.playback.recorded.values import find_tokens, is_particular
from profcov.playback.scenario.template import JOB_ID

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from profcov.playback.recorded.hints import Hints

EVENTS: Final = "events.jsonl"
CAPTURE: Final = "capture"

_RUN: Final = re.compile(r"/runs/([^/]+)(/[^/])?")
_STATE_OF_JOB: Final = re.compile(
    r"/(?:[a-z]+[_-])?(?:job|task)s?[_-]?(?:status|state|info)/([^/]+)/?|/(?:job|task)s?/([^/]+)/(?:status|state|info)/?",
    re.IGNORECASE,
)
"""Where a job's state is asked for, by its id."""


def read_events(path: Path, hints: Hints) -> Traffic:
    """Read the events of a capture directory, and with them the forms that the hints describe.

    Raises:
        ProfileFormatError: the file cannot be read, or nothing in it can be played.
    """
    notes = _Notes()
    events = _read_lines(path, notes)
    exchanges = list(_read_exchanges(path, _pair(events, notes), hints, notes))
    kept, job_path = _leave_out_polls(exchanges)
    if not kept:
        reasons = "; ".join(notes.list()[:3])
        Fields(path, "", {}).fail("", f"no request in it can be played{f': {reasons}' if reasons else ''}")
    if len(kept) < len(exchanges):
        left = f"{len(exchanges) - len(kept)} requests for the state of a job by its recorded id"
        notes.add(0, f"left out: {left}: a replay waits for its own jobs")
    origins = {each.sent.origin for each in kept} - {""}
    return Traffic(
        path=path,
        name=name_capture(path),
        exchanges=tuple(kept),
        description="recorded as events",
        base_url=next(iter(origins), None) if len(origins) == 1 else None,
        wait_for_jobs=True,
        job_path=job_path,
        run_id=_find_run_id(kept, [event.run for event in events]),
        notes=tuple(notes.list()),
        lacks=tuple(notes.lacks),
    )


def name_capture(path: Path) -> str:
    """Return what a capture is called: the directory that it is in."""
    return (path.parent.parent if path.parent.name == CAPTURE else path.parent).absolute().name


@dataclass(slots=True)
class _Notes:
    """What is left out and why, by line; ``lacks`` are those of requests whose body or query was not recorded."""

    lines: list[tuple[int, str]] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)

    def add(self, line: int, note: str) -> None:
        self.lines.append((line, note))

    def leave_out(self, event: Event, problem: str) -> str:
        note = f"{event.place}: left out: {problem}"
        self.add(event.number, note)
        return note

    def list(self) -> list[str]:
        return [note for _, note in sorted(self.lines, key=lambda each: each[0])]


def _read_lines(path: Path, notes: _Notes) -> list[Event]:
    """Return the events of a request, its answer, or its failure; other stages are for other tools."""
    events = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        place = f"line {number}"
        try:
            event = Event(path, number, parse_json(path, line, place))
        except ProfileFormatError as error:
            notes.add(number, f"{place}: left out: {_explain(error, place)}")
            continue
        if event.stage in {"request", "response", "error"}:
            events.append(event)
    return events


def _pair(events: list[Event], notes: _Notes) -> Iterable[tuple[Event, Event]]:
    """Yield the requests that were answered with success, with their answers, in the order of these.

    An answer belongs to the last request before it that has its id: a page that loads again counts anew, and what it had
    left unanswered stays so. An answer with no such request was written too early: it belongs to the first after it.
    """
    waiting: defaultdict[str, list[Event]] = defaultdict(list)
    pairs, unanswered, early = [], [], []
    for event in events:
        if event.stage == "request":
            waiting[event.id].append(event)
        elif waiting[event.id]:
            *overtaken, request = waiting.pop(event.id)
            unanswered += overtaken
            pairs.append((request, event))
        else:
            early.append(event)
    for answer in early:
        found = next((each for each in waiting[answer.id] if each.number > answer.number), None)
        if found is not None:
            waiting[answer.id].remove(found)
            pairs.append((found, answer))
        else:
            notes.leave_out(answer, f"an answer to {answer.title()}, whose request was not recorded")
    for request in chain(unanswered, *waiting.values()):
        notes.leave_out(request, f"{request.title()} was not answered")
    for request, answer in sorted(pairs, key=lambda pair: pair[1].number):
        if answer.is_ok():
            yield request, answer
        else:
            notes.leave_out(request, f"{request.title()} was not answered with success")


def _read_exchanges(
    path: Path, pairs: Iterable[tuple[Event, Event]], hints: Hints, notes: _Notes
) -> Iterable[Exchange]:
    """Yield the exchanges that can be played."""
    for request, answer in pairs:
        try:
            exchange = _read_exchange(path, request, answer, hints)
        except LackingError as error:
            notes.lacks.append(notes.leave_out(request, f"{request.title()}: {error}"))
        except ProfileFormatError as error:
            notes.leave_out(request, _explain(error, request.place))
        else:
            if note := exchange.sent.body.note:
                notes.add(request.number, f"{request.place}: {request.title()} {note}")
            yield exchange


def _read_exchange(path: Path, request: Event, answer: Event, hints: Hints) -> Exchange:
    began, ended = request.read_time(), answer.read_time()
    sent = request.read_sent(answer, path.parent / "seed" / "uploads", hints)
    return Exchange(request.place, sent, answer.read_answer(), began=began, ended=ended)


def _explain(error: ProfileFormatError, place: str) -> str:
    """Return what is wrong without the place that the note begins with."""
    where = error.where.removeprefix(place).lstrip(",: ")
    return f"{where}: {error.problem}" if where else error.problem


def _leave_out_polls(exchanges: list[Exchange]) -> tuple[list[Exchange], str | None]:
    """Return the exchanges without those that ask for a recorded job, and the path that shows a job's state.

    A job that a recorded answer named is known by another id when it is played, so that asking for it can be.
    """
    answered = _find_answered(exchanges)
    kept, path = [], None
    for exchange in exchanges:
        job = _find_asked_job(exchange)
        if job is not None:
            path = path or f"{{{JOB_ID}}}".join(map(escape, exchange.sent.parts.path.rsplit(job, 1)))
        if job is None or job in answered:
            kept.append(exchange)
    return kept, path


def _find_asked_job(exchange: Exchange) -> str | None:
    """Return the id of the job whose state was asked for, or None if it was something else."""
    asked = exchange.sent.parts.path
    found = _STATE_OF_JOB.search(asked) if exchange.sent.method == "GET" else None
    if found is None or found.end() != len(asked):
        return None
    job = found[1] or found[2]
    return job if is_particular(job) else None


def _find_answered(exchanges: list[Exchange]) -> set[str]:
    texts = (
        text for each in exchanges for text in (each.answer.text or "", *(value for _, value in each.answer.headers))
    )
    return {token for text in texts for _, token in find_tokens(text)}


def _find_run_id(exchanges: list[Exchange], named: list[str]) -> str | None:
    """Return the run that a recording is about: ``<id>`` of ``/runs/<id>/...``, if its events, an answer or another request have it."""
    found = [match for each in exchanges if (match := _RUN.search(each.sent.parts.path))]
    asked = Counter(match[1] for match in found)
    known = _find_answered(exchanges).union(named)
    return next(
        (run for run, more in (match.groups() for match in found) if more and (asked[run] > 1 or run in known)), None
    )

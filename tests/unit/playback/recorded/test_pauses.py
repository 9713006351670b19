"""Pauses: how long the client of a recording did nothing before each request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from recordings import entry, exchanged, write_events, write_har

from profcov.playback.loading import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def at(seconds: float, request: str, milliseconds: Any = 100, answer: object = None) -> dict[str, Any]:
    return entry(request, answer=answer, startedDateTime=f"2026-01-01T00:00:{seconds:06.3f}Z", time=milliseconds)


def pauses(path: Path) -> list[float]:
    return [round(step.pause, 3) for step in load(path).profile.steps]


def test_a_pause_is_from_the_end_of_all_answers_to_the_next_request(tmp_path: Path) -> None:
    har = write_har(
        tmp_path / "shop.har",
        at(1, "GET /a"),
        at(3, "GET /long", 4000),
        at(3.5, "GET /while", 500),
        at(9, "GET /after"),
        at(9.05, "GET /again", "soon"),
        at(10, "GET /end", -1),
    )
    assert pauses(har) == [0, 1.9, 0, 2, 0, 0.9]


def test_pauses_between_polls_are_not_played(tmp_path: Path) -> None:
    har = write_har(
        tmp_path / "shop.har",
        at(1, "GET /a"),
        at(3, "GET /job", answer={"status": "queued"}),
        at(5, "GET /job", answer={"status": "finished"}),
        at(8, "GET /b"),
    )
    assert pauses(har) == [0, 1.9, 2.9]


def test_without_times_there_are_no_pauses(tmp_path: Path) -> None:
    assert pauses(write_har(tmp_path / "shop.har", at(1, "GET /a"), entry("GET /b"), at(9, "GET /c"))) == [0, 0, 7.9]


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have another time zone than UTC."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "America/Los_Angeles")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("far_away")
@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ((1.0, 2.0, 5.5, 6.0), [0, 3.5]),
        ((1767225600000, 1767225601000, 1767225604500, 1767225605000), [0, 3.5]),
        (("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:03Z", "2026-01-01T00:00:04Z"), [0, 2]),
        (("2026-01-01T00:00:00", "2026-01-01T00:00:01Z", "2026-01-01T00:00:03", "2026-01-01T00:00:04Z"), [0, 2]),
        (("Thu, 01 Jan 2026 00:00:00 GMT", "2025-12-31T24:00:01Z", "1767225603000", "1767225604000"), [0, 2]),
        ((1.0, None, 5.5, None), [0, 4.5]),
        (("soon", {}, 10**400, True), [0, 0]),
    ],
)
def test_events_may_have_times(tmp_path: Path, times: tuple[object, ...], expected: list[float]) -> None:
    events = [*exchanged(1, "GET /a"), *exchanged(2, "GET /b")]
    stamped = [{**event, "timestamp": stamp} for event, stamp in zip(events, times, strict=True)]
    assert pauses(write_events(tmp_path, *stamped)) == expected

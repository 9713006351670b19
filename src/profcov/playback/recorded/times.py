"""When something was sent or answered: ISO 8601, other dates, and numbers, as the writers of recordings put them."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from profcov.playback.recorded.part import Part

_DAY: Final = 86_400_000
"""In milliseconds, as HAR counts."""

_MIDNIGHT: Final = re.compile(r"(?<=\dT)24(?=:00)")
"""The end of a day."""

_IN_MILLISECONDS: Final = 100_000_000_000
"""A time above this, 5138 in seconds and 1973 in milliseconds, is in milliseconds, as JavaScript has it."""

_FIRST: Final = datetime(1991, 1, 1, tzinfo=UTC).timestamp()
_LAST: Final = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
"""Times outside of this are invalid: writers use year 1 or 1970 for an unknown time."""


def read_time(value: Any) -> float | None:
    """Return a time in seconds since the epoch, or of another clock where it is a number; None if it is not a time.

    One without a time zone is UTC.
    """
    stamp = Part({"time": value})
    time = stamp.number("time")
    if time is None:
        time = _parse(stamp.text("time"))
    elif time > _IN_MILLISECONDS:
        time /= 1000
    return time if time is not None and 0 < time < _LAST else None


def read_start(entry: Part) -> float | None:
    """Return when an entry of a HAR was sent, in seconds since the epoch, or None if that is not recorded."""
    time = read_time(entry.value("startedDateTime"))
    return time if time is not None and time > _FIRST else None


def read_seconds(entry: Part) -> float:
    """Return how long an exchange took; browsers write -1 where they do not know."""
    time = entry.number("time")
    return time / 1000 if time is not None and 0 < time < _DAY else 0.0


def _parse(text: str) -> float | None:
    text, late = _MIDNIGHT.subn("00", text)  # not every Python reads it
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        with contextlib.suppress(ValueError, TypeError, IndexError, OverflowError):
            time = parse(text)
            return (time if time.tzinfo is not None else time.replace(tzinfo=UTC)).timestamp() + late * _DAY / 1000
    return None

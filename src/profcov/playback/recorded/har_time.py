"""When the entries of a HAR were sent: ISO 8601 as the format has it, and what its writers put there instead."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from profcov.playback.recorded.har_part import Part

_DAY: Final = 86_400_000
"""In milliseconds, as HAR counts."""

_MIDNIGHT: Final = re.compile(r"(?<=\dT)24(?=:00)")
"""The end of a day."""

_IN_MILLISECONDS: Final = 100_000_000_000
"""A time above this, 5138 in seconds and 1973 in milliseconds, is in milliseconds, as JavaScript has it."""

_FIRST: Final = datetime(1991, 1, 1, tzinfo=UTC).timestamp()
_LAST: Final = datetime(2200, 1, 1, tzinfo=UTC).timestamp()
"""Nobody recorded HTTP before or after: writers put year 1 or 1970 where they do not know."""


def read_time(entry: Part) -> float | None:
    """Return when an entry was sent, in seconds since the epoch, or None if it does not tell."""
    time = entry.number("startedDateTime")
    if time is None:
        time = _parse(entry.text("startedDateTime"))
    elif time > _IN_MILLISECONDS:
        time /= 1000
    return time if time is not None and _FIRST < time < _LAST else None


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

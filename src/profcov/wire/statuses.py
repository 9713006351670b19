"""The values of the status header, in the answer to a request that carried a slug.

Plain strings, not an enumeration, because a WSGI server may insist on ``str`` itself. The first word is for programs, the text
after the semicolon for people.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NewType

from profcov import reasons
from profcov.wire.one_line import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUS_HEADER: Final = "X-Profile-Trace-Status"
REJECTED: Final = "rejected"
"""This request, this time."""
UNSUPPORTED: Final = "unsupported"
"""This process."""

TraceStatus = NewType("TraceStatus", str)

TRACED: Final = TraceStatus("traced")
DISABLED: Final = TraceStatus("disabled")
PAUSED: Final = TraceStatus("disabled; paused")
INVALID_SLUG: Final = TraceStatus("rejected; invalid slug")
SIGNATURE: Final = TraceStatus("rejected; signature")
NOT_ALLOWED: Final = TraceStatus("rejected; not allowed")
TOO_MANY: Final = TraceStatus("rejected; too many profiles")
DISK: Final = TraceStatus("rejected; disk")
STARTING: Final = TraceStatus("rejected; the engine is being started")
BUSY: Final = TraceStatus("rejected; the profile is being combined")
TRACE_FUNCTION: Final = TraceStatus("unsupported; another trace function is set (coverage.py or a debugger)")
GREENLETS: Final = TraceStatus("unsupported; greenlets need the monitoring engine (Python 3.12 or newer)")
IN_COROUTINE: Final = TraceStatus("unsupported; a block inside a coroutine")
ERROR: Final = TraceStatus("unsupported; an error, see the server's log")

MISSED: Final[Mapping[TraceStatus, str]] = {
    ERROR: reasons.REFUSED_ERROR,
    BUSY: reasons.REFUSED_COMBINING,
    PAUSED: reasons.REFUSED_PAUSED,
    DISK: reasons.REFUSED_DISK,
    TOO_MANY: reasons.REFUSED_TOO_MANY,
    STARTING: reasons.REFUSED_STARTING,
}
"""Why an artifact is partial, by the status of a request whose lines are missing in it."""


def unsupported(reason: str) -> TraceStatus:
    """Return the status of a request that cannot be traced in this process, with a reason found there."""
    return TraceStatus(f"{UNSUPPORTED}; {one_line(reason)}")


def split_status(status: str) -> tuple[str, str]:
    """Return the word for programs in a status, which may be of another version, and the text for people."""
    word, _, detail = status.partition(";")
    return word, detail.strip()

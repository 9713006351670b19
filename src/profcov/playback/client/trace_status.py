"""The server's status header about a request that should have been traced, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from profcov.wire.statuses import (
    DISABLED,
    NOT_ALLOWED,
    PAUSED,
    REJECTED,
    SIGNATURE,
    STATUS_HEADER,
    UNSUPPORTED,
    TraceStatus,
    split_status,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_STATUS: Final = (
    "the server does not run profcov's middleware, or another process answers on this port: "
    f"{{request}} was answered with {{status}} and no {STATUS_HEADER}"
)
_WHY: Final[Mapping[TraceStatus, str]] = {
    DISABLED: "profcov is installed but off: set ENABLE_PROFILE_COVERAGE=1 where the server starts",
    PAUSED: "recording is paused there: run `profcov resume` on the server's data directory",
    SIGNATURE: "the server takes signed slugs only: set PROFILE_COVERAGE_SECRET here to what it is there",
    NOT_ALLOWED: "PROFILE_COVERAGE_ALLOW does not allow this slug where the server starts",
}


def explain_status(status: str | None, request: str, code: int) -> str:
    """Return why a request was not traced; ``status`` is the header, if there is one, and ``code`` the answer's own."""
    if status is None:
        return _NO_STATUS.format(request=request, status=code)
    known = _WHY.get(TraceStatus(status))
    if known is not None:
        return known
    word, detail = split_status(status)
    if word == REJECTED:
        return f"the server refused to trace {request}: {detail or 'it gives no reason'}"
    if word == UNSUPPORTED:
        return f"the server cannot trace {request}: {detail or 'it gives no reason'}"
    return f"{request} was answered with {STATUS_HEADER}: {status[:80]!r}, which this profcov does not know"

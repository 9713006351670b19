"""How a slug travels: the request header, the answer's status header, the job's metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HEADER: Final = "X-Profile-Trace"
STATUS_HEADER: Final = "X-Profile-Trace-Status"
JOB_META_KEY: Final = "profile_trace_slug"

TRACED: Final = "traced"
DISABLED: Final = "disabled"

_WSGI_KEY = "HTTP_X_PROFILE_TRACE"
_ASGI_KEY = b"x-profile-trace"


def from_environ(environ: Mapping[str, Any]) -> str | None:
    """Return the slug that a WSGI request carries, unchecked, or None."""
    return environ.get(_WSGI_KEY)


def from_headers(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the slug that an ASGI request carries, unchecked, or None."""
    for name, value in headers:
        if name == _ASGI_KEY:
            return value.decode("latin-1")
    return None


def from_job_meta(meta: Mapping[str, Any]) -> str | None:
    """Return the slug in a job's metadata, unchecked, or None."""
    value = meta.get(JOB_META_KEY)
    return value if isinstance(value, str) else None


def stamp(meta: Mapping[str, Any] | None, slug: str) -> dict[str, Any]:
    """Return a copy of a job's metadata with the slug in it; a slug that is there already stays."""
    return {JOB_META_KEY: slug, **(meta or {})}


def jobs_key(slug: str) -> str:
    """Return the name of the Redis set that holds the ids of a profile's jobs."""
    return f"profcov:jobs:{slug}"

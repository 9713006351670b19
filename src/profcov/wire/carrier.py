"""How a slug travels: request headers, baggage, a cookie, the job's metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote

from profcov.wire.signature import sign

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from profcov.settings import Settings

HEADER: Final = "X-Profile-Trace"
TOKEN_HEADER: Final = "X-Profile-Trace-Token"  # noqa: S105 (a name)
COOKIE: Final = "profile_trace"
TOKEN_COOKIE: Final = "profile_trace_token"  # noqa: S105
BAGGAGE_KEY: Final = "profcov.slug"
BAGGAGE_TOKEN_KEY: Final = "profcov.token"  # noqa: S105
JOB_META_KEY: Final = "profile_trace_slug"

_MAX_CARRIER_CHARS: Final = 8192
"""Longer baggage and cookies are ignored; 8192 bytes is the minimum W3C Baggage lets one rely on."""


class Claim(NamedTuple):
    """The slug that a request claims, unchecked, and its token. ``is_default``: the request named none; this is the default."""

    slug: str
    token: str | None = None
    is_default: bool = False


class Carriers:
    """Where in a request a slug is read from: the header takes precedence over baggage, baggage over the cookie.

    Every request goes through here: one without a slug costs three look-ups.
    """

    def __init__(self, settings: Settings) -> None:
        self._header, self._baggage, self._cookie = (
            name in settings.carriers for name in ("header", "baggage", "cookie")
        )
        self._default = None if settings.default_slug is None else Claim(settings.default_slug, is_default=True)
        wanted = {"header": b"x-profile-trace", "baggage": b"baggage", "cookie": b"cookie"}
        self._wanted = frozenset(wanted[name] for name in settings.carriers)

    def from_environ(self, environ: Mapping[str, Any], start_response: object = None) -> Claim | None:
        """Return what a WSGI request claims, or None; ``start_response`` may lead to the server's own headers."""
        slug = environ.get("HTTP_X_PROFILE_TRACE") if self._header else None
        if slug is not None and not _is_misspelled(environ, start_response):
            return Claim(slug, environ.get("HTTP_X_PROFILE_TRACE_TOKEN"))
        baggage = environ.get("HTTP_BAGGAGE") if self._baggage else None
        cookie = environ.get("HTTP_COOKIE") if self._cookie else None
        if baggage is None and cookie is None:
            return self._default
        return _from_others(baggage, cookie, environ.get("HTTP_X_PROFILE_TRACE_TOKEN")) or self._default

    def from_headers(self, headers: Iterable[tuple[bytes, bytes]]) -> Claim | None:
        """Return what an ASGI request claims, or None."""
        wanted = self._wanted
        found = [pair for pair in headers if pair[0] in wanted]
        if not found:
            return self._default
        token = next((value.decode("latin-1") for name, value in headers if name == b"x-profile-trace-token"), None)
        for name, value in found:
            if name == b"x-profile-trace":
                return Claim(value.decode("latin-1"), token)
        baggage, cookie = (
            separator.join(value.decode("latin-1") for name, value in found if name == wanted_name)
            for wanted_name, separator in ((b"baggage", ","), (b"cookie", ";"))
        )
        return _from_others(baggage, cookie, token) or self._default


def _is_misspelled(environ: Mapping[str, Any], start_response: object) -> bool:
    """Return whether ``X_Profile_Trace`` was sent: in an environment it has the header's name, and a proxy lets it pass.

    Most servers drop such headers. wsgiref and adapters from ASGI do not, but still have the raw headers. For other
    servers it cannot be determined.
    """
    try:
        scope = environ.get("asgi.scope")
        if scope is not None:
            return all(name != b"x-profile-trace" for name, _ in scope["headers"])
        handler = getattr(getattr(start_response, "__self__", None), "request_handler", None)
        return handler is not None and HEADER not in handler.headers  # noqa: TRY300 (what it has may be anything)
    except (AttributeError, LookupError, TypeError, ValueError):  # by what is not what we know
        return False


def _from_others(baggage: str | None, cookie: str | None, token: str | None) -> Claim | None:
    if baggage and BAGGAGE_KEY in baggage:
        members = _split(baggage, ",")
        if BAGGAGE_KEY in members:
            slug, own = (_first_part(members.get(key)) for key in (BAGGAGE_KEY, BAGGAGE_TOKEN_KEY))
            return Claim(slug or "", own or token)
    if cookie and COOKIE in cookie:
        members = _split(cookie, ";")
        if COOKIE in members:
            return Claim(members[COOKIE].strip('"'), members.get(TOKEN_COOKIE, "").strip('"') or token)
    return None


def _split(text: str, separator: str) -> dict[str, str]:
    """Return ``name=value`` pairs as a dictionary; if a name occurs twice, the first one counts."""
    members: dict[str, str] = {}
    if len(text) <= _MAX_CARRIER_CHARS:
        for member in text.split(separator):
            name, equals, value = member.partition("=")
            if equals:
                members.setdefault(name.strip(), value.strip())
    return members


def _first_part(value: str | None) -> str | None:
    """Return a baggage member's value without its properties, percent-decoded."""
    return None if value is None else unquote(value.partition(";")[0].strip(), errors="replace")


def outgoing_headers(slug: str, secret: str | None) -> dict[str, str]:
    """Return the request headers that carry a slug to another server, signed if there is a secret."""
    headers = {HEADER: slug}
    if secret is not None:
        headers[TOKEN_HEADER] = sign(slug, secret)
    return headers


def from_job_meta(meta: Mapping[str, Any]) -> str | None:
    """Return the slug in a job's metadata, unchecked, or None."""
    value = meta.get(JOB_META_KEY)
    return value if isinstance(value, str) else None


def stamp(meta: Mapping[str, Any] | None, slug: str) -> dict[str, Any]:
    """Return a copy of a job's metadata with the slug in it; an existing slug stays."""
    return {JOB_META_KEY: slug, **(meta or {})}


def jobs_key(slug: str) -> str:
    """Return the name of the Redis set that holds the ids of a profile's jobs."""
    return f"profcov:jobs:{slug}"

"""Cookies that a play begins with: those given by name, and those of a Netscape cookie file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from requests.cookies import create_cookie

from profcov.errors import CookieFileError, explain

if TYPE_CHECKING:
    from http.cookiejar import Cookie
    from pathlib import Path

_FIELDS: Final = 7
_HTTP_ONLY: Final = "#HttpOnly_"
_SECONDS: Final = re.compile(r"[0-9]{1,18}(\.[0-9]*)?", re.ASCII)


def make_cookie(name: str, value: str, base_url: str) -> Cookie:
    """Return a cookie for one server; as all cookies of Python's jars, it goes to its subdomains too."""
    return _create(name, value, domain=_as_domain(urlsplit(base_url).hostname or ""))


def read_cookie_file(path: Path) -> tuple[Cookie, ...]:
    """Return the cookies of a file as curl, wget and browser extensions write it.

    Not by ``http.cookiejar``: of a line that it cannot read it prints all, and takes curl's session cookies (which end at
    0) for those of 1970.

    Raises:
        CookieFileError: it cannot be read, or is no such file. The message shows nothing of its content.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CookieFileError(path, f"cannot be read: {explain(error)}") from error
    except UnicodeDecodeError as error:
        raise CookieFileError(path, "not UTF-8 text") from error
    return tuple(
        _read_line(path, number, line.removeprefix(_HTTP_ONLY))
        for number, line in enumerate(lines, start=1)
        if line.strip() and (line.startswith(_HTTP_ONLY) or not line.startswith("#"))
    )


def _read_line(path: Path, number: int, line: str) -> Cookie:
    fields = line.split("\t")
    if len(fields) != _FIELDS or not _SECONDS.fullmatch(fields[4] or "0"):
        problem = (
            f"line {number} is not one of a Netscape cookie file: domain, subdomains, path, secure, expiry, name, value"
        )
        raise CookieFileError(path, f"{problem}, with tabs between")
    domain, subdomains, where, secure, expires, name, value = fields
    host = domain.lstrip(".")
    return _create(
        name,
        value,
        domain=f".{host}" if subdomains.upper() == "TRUE" and "." in host else _as_domain(host),
        path=where,
        secure=secure.upper() == "TRUE",
        expires=int(float(expires or 0)) or None,
    )


def _create(name: str, value: str, **fields: Any) -> Cookie:
    cookie: Cookie = create_cookie(name, value, **fields)  # type: ignore[no-untyped-call]  # types-requests has it untyped
    return cookie


def _as_domain(host: str) -> str:
    """Return a host as Python's cookie jars name it: one without a dot has ``.local`` behind it there."""
    host = f"[{host}]" if ":" in host else host
    return host if "." in host else f"{host}.local"

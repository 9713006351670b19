"""Cookies that a play begins with: those given by name, and those of a Netscape cookie file."""

from __future__ import annotations

from http.cookiejar import LoadError, MozillaCookieJar
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests.cookies import create_cookie

from profcov.errors import CookieFileError

if TYPE_CHECKING:
    from http.cookiejar import Cookie
    from pathlib import Path


def make_cookie(name: str, value: str, base_url: str) -> Cookie:
    """Return a cookie for one server, and no other."""
    domain = _as_domain(urlsplit(base_url).hostname or "")
    cookie: Cookie = create_cookie(name, value, domain=domain)  # type: ignore[no-untyped-call]  # types-requests has it untyped
    return cookie


def read_cookie_file(path: Path) -> tuple[Cookie, ...]:
    """Return the cookies of a file as curl, wget and browser extensions write it; those that are out of date too.

    Raises:
        CookieFileError: it cannot be read, or is no such file. The message has nothing of what is in it.
    """
    jar = MozillaCookieJar()
    try:
        jar.load(str(path), ignore_discard=True, ignore_expires=True)
    except LoadError as error:
        problem = (
            "not a Netscape cookie file: '# Netscape HTTP Cookie File', then seven fields a line with tabs between"
        )
        raise CookieFileError(path, problem) from error
    except OSError as error:
        raise CookieFileError(path, f"cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CookieFileError(path, "not UTF-8 text") from error
    for cookie in jar:
        cookie.domain = _as_domain(cookie.domain)
    return tuple(jar)


def _as_domain(host: str) -> str:
    """Return a host as Python's cookie jars name it: one without a dot has ``.local`` behind it there."""
    host = f"[{host}]" if ":" in host else host
    return host if "." in host else f"{host}.local"

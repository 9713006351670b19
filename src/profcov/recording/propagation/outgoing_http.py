"""Calls to other servers carry the slug, to hosts that the settings name, by requests, urllib3, httpx and aiohttp.

Each is patched where every hop passes, so that a redirect to another host is checked separately. Headers are added to a
copy, or the libraries would send them to the next host, too.
"""

from __future__ import annotations

import fnmatch
import functools
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from profcov.brief_lock import BriefLock
from profcov.recording.context import find_scope
from profcov.recording.faults import log_once, raise_foreign
from profcov.recording.propagation.on_import import when_imported
from profcov.recording.propagation.patches import INSTALLED
from profcov.wire.carrier import HEADER, outgoing_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

_lock: Final = BriefLock()
_asked: list[bool] = []
_PORTS: Final = {"http": 80, "https": 443}


def install() -> None:
    """Patch the libraries that are imported, and the others once they are; a second call changes nothing."""
    with _lock.held():
        for module, patches in _PATCHED.items():
            if not _asked:
                when_imported(module, functools.partial(_patch, patches=patches))
        _asked.append(True)


def forget() -> None:
    """Patch again at the next install: the patches were undone."""
    with _lock.held():
        _asked.clear()


def _patch(module: ModuleType, patches: Iterable[tuple[str, str, Callable[..., Any]]]) -> None:
    if INSTALLED:  # if it was undone meanwhile, it stays so
        for owner, name, wrapper in patches:
            INSTALLED.wrap_once(getattr(module, owner), name, wrapper)


def find_headers(scheme: str, host: str | None, port: int | None, given: Iterable[str]) -> dict[str, str]:
    """Return the headers to add to a call: nothing outside of a unit, to other hosts, or if the application has set them."""
    try:
        scope = find_scope()
        if scope is None or not host:
            return {}
        settings = scope.book.settings
        if not matches(settings.propagate, host, port or _PORTS.get(scheme)):
            return {}
        if any(_text(name).lower() == HEADER.lower() for name in given):
            return {}
        return outgoing_headers(scope.book.slug, settings.secret)
    except Exception as error:  # noqa: BLE001 (the application's call goes out, whatever is wrong with ours)
        raise_foreign(error)
        log_once("outgoing", "cannot carry a slug to another server", error=error)
        return {}


def matches(patterns: tuple[str, ...], host: str, port: int | None) -> bool:
    """Return whether a host, or ``host:port``, matches one of the patterns."""
    pattern = _compile(patterns)
    host = host.strip("[]").lower()
    names = [host, f"{host}:{port}", f"[{host}]", f"[{host}]:{port}"] if ":" in host else [host, f"{host}:{port}"]
    return pattern is not None and any(pattern.match(name) for name in names)


@functools.lru_cache(maxsize=16)
def _compile(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    # Brackets belong to an IPv6 address, and are no character class.
    return re.compile("|".join(fnmatch.translate(each.lower().replace("[", "[[]")) for each in patterns))


def _text(name: Any) -> str:
    return name.decode("latin-1") if isinstance(name, bytes) else str(name)


def _urlopen(original: Callable[..., Any], pool: Any, method: Any, url: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Wrap ``urllib3.HTTPConnectionPool.urlopen(method, url, body, headers, ...)``, which serves requests, too."""
    if find_scope() is None:
        return original(pool, method, url, *args, **kwargs)
    given = args[1] if len(args) > 1 else kwargs.get("headers")
    if given is None:
        given = pool.headers
    # Through an HTTP proxy the pool is the proxy's, and the URL has the target.
    target = urlsplit(url) if isinstance(url, str) and url.startswith(("http://", "https://")) else None
    scheme, host, port = (
        (pool.scheme, pool.host, pool.port) if target is None else (target.scheme, target.hostname, target.port)
    )
    added = find_headers(scheme, host, port, given)
    if added:
        headers = given.copy() if hasattr(given, "copy") else dict(given)
        headers.update(added)
        if len(args) > 1:
            args = (args[0], headers, *args[2:])
        else:
            kwargs["headers"] = headers
    return original(pool, method, url, *args, **kwargs)


def _httpx(original: Callable[..., Any], transport: Any, request: Any, /) -> Any:
    """Wrap ``handle_request`` of httpx's transports, sync and async: redirected requests are made of the request."""
    if find_scope() is None:
        return original(transport, request)
    url = request.url
    added = find_headers(url.scheme, url.host, url.port, request.headers)
    if added:
        headers = request.headers.copy()
        headers.update(added)
        # Its own class's constructor: copying a request leaves its stream and its extensions out.
        request = type(request)(
            request.method, url, headers=headers, stream=request.stream, extensions=request.extensions
        )
    return original(transport, request)


def _aiohttp(original: Callable[..., Any], connector: Any, req: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Wrap ``BaseConnector.connect``: the request is made for each hop, and is this hop's alone."""
    if find_scope() is not None:
        for name, value in find_headers(req.url.scheme, req.url.host, req.url.port, req.headers).items():
            req.headers[name] = value
    return original(connector, req, *args, **kwargs)


_PATCHED: Final[dict[str, list[tuple[str, str, Callable[..., Any]]]]] = {
    "urllib3.connectionpool": [("HTTPConnectionPool", "urlopen", _urlopen)],
    "httpx._transports.default": [
        ("HTTPTransport", "handle_request", _httpx),
        ("AsyncHTTPTransport", "handle_async_request", _httpx),
    ],
    "aiohttp.connector": [("BaseConnector", "connect", _aiohttp)],
}

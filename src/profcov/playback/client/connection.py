"""Sessions, whose connections are kept between requests, where that cannot send anything twice or lose it.

A server may close an idle connection at the very moment we send on it, and a client cannot know whether it still read the
request. So what may change something goes over a new connection. What only reads may go over one that was used before:
urllib3 looks whether it was closed meanwhile, and in the race that is left the request is sent once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.utils import get_auth_from_url
from urllib3.exceptions import ProtocolError

from profcov.playback.client.address import find_origin
from profcov.playback.masking.urls import show_server

if TYPE_CHECKING:
    from profcov.playback.client.address import Origin

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that only read. PUT and DELETE do not: the second DELETE is answered with 404."""

_FOR_ANYBODY: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "connection",
        "content-length",
        "content-type",
        "cookie",  # requests has put those there by now that the jar has for the new server
        "proxy-authorization",  # the proxy's, by the environment
        "user-agent",
    }
)
"""The headers that another server gets after a redirect. A list of those that it must not get would never be whole."""


class Adapter(HTTPAdapter):
    """The transport of one session, used by one thread."""

    _kept: set[Origin | None]
    """The servers to which a connection was left open."""

    def __init__(self) -> None:
        self._kept = set()
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one request and return its answer; requests calls this for each redirect too."""
        server = find_origin(request.url or "")
        if request.method not in _SAFE:
            self.close()
        try:
            answer = super().send(request, *args, **kwargs)
        except requests.ConnectionError as error:
            if server not in self._kept or not _was_closed(error):
                raise
            self.close()
            answer = super().send(request, *args, **kwargs)
        self._note(server, answer)
        return answer

    def close(self) -> None:
        """Close all connections; the next request opens a new one.

        urllib3 only forgets its pools: their connections would stay open for as long as an answer is referenced.
        """
        self._kept.clear()
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in manager.pools.keys():  # noqa: SIM118 (its own container: it cannot be iterated)
                manager.pools[key].close()
        super().close()

    def _note(self, server: Origin | None, answer: requests.Response) -> None:
        if answer.headers.get("Connection", "").lower() != "close":
            self._kept.add(server)


def _was_closed(error: requests.ConnectionError) -> bool:
    """Return whether the connection ended before any of the answer was there."""
    problem = error.args[0] if error.args else None
    return isinstance(problem, ProtocolError) and any(isinstance(each, ConnectionError) for each in problem.args)


class ProfileSession(requests.Session):
    """A session that takes along to another server, when a redirect leads there, nothing that was meant for this one."""

    own_cookies = ""
    """The header ``Cookie`` that the request itself has: requests does not send it again after a redirect."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = _authorize  # without one, requests puts what ~/.netrc has in place of the profile's own
        for scheme in ("http://", "https://"):
            self.mount(scheme, Adapter())

    def leaves(self, before: str, after: str) -> bool:
        """Return whether a redirect leads to another server; from http to https of the same host it does not."""
        return bool(self.should_strip_auth(before, after))  # type: ignore[no-untyped-call]  # public, but types-requests has it untyped

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Take off what is meant for one server only; requests calls this for each redirect.

        Raises:
            requests.RequestException: a body would have to go along, which may hold a password.
        """
        after = prepared_request.url or ""
        if not self.leaves(response.request.url or "", after):
            self._add_own_cookies(prepared_request, response)
            return
        self.own_cookies = ""
        if prepared_request.body:
            raise requests.RequestException(
                f"its body is not sent on to another server: the answer, {response.status_code}, "
                f"redirects to {show_server(after)}"
            )
        for name in [name for name in prepared_request.headers if name.lower() not in _FOR_ANYBODY]:
            del prepared_request.headers[name]

    def _add_own_cookies(self, request: requests.PreparedRequest, response: requests.Response) -> None:
        """Send the request's own cookies on, but for those that the server has set or removed meanwhile."""
        jar = request.headers.get("Cookie", "")
        answered = {morsel.partition("=")[0].strip() for morsel in _list_set_cookies(response)}
        known = {pair.partition("=")[0].strip() for pair in jar.split(";")} | answered
        own = [pair.strip() for pair in self.own_cookies.split(";") if pair.partition("=")[0].strip() not in known]
        self.own_cookies = "; ".join(own)
        if own:
            request.headers["Cookie"] = "; ".join([*own, jar] if jar else own)


def _list_set_cookies(response: requests.Response) -> list[str]:
    """Return each ``Set-Cookie`` of an answer: requests' own headers have them in one line."""
    return list(response.raw.headers.getlist("Set-Cookie"))


def _authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send what the URL itself has as user and password, as requests does where nothing else is given."""
    user, password = get_auth_from_url(request.url or "")
    return HTTPBasicAuth(user, password)(request) if user or password else request

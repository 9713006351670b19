"""Connections that are kept between requests, where that cannot send anything twice or lose it.

A server may close an idle connection at the very moment we send on it, and nobody can tell whether it still read the
request. So what may change something goes over a new connection. What only reads may go over one that was used before:
urllib3 looks whether it was closed meanwhile, and in the race that is left the request is sent once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ProtocolError

from profcov.playback.address import find_origin

if TYPE_CHECKING:
    from profcov.playback.address import Origin

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that only read. PUT and DELETE do not: the second DELETE is answered with 404."""


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

        urllib3 only forgets its pools: their connections would stay open for as long as somebody has an answer.
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

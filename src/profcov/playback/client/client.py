"""The HTTP client of one profile: it marks requests with the slug, and refuses servers that do not answer "traced"."""

from __future__ import annotations

import copy
import itertools
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Self, cast

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from profcov.errors import TargetError, TargetUnreachableError
from profcov.playback.client.address import find_origin, join
from profcov.playback.client.connection import ProfileSession
from profcov.playback.client.content_coding import narrow
from profcov.playback.client.failure import StepFailedError
from profcov.playback.client.trace_status import explain_status
from profcov.playback.masking.mask import Mask
from profcov.playback.masking.names import is_secret_name
from profcov.playback.masking.text import hide_named
from profcov.playback.masking.urls import show, show_server
from profcov.wire.carrier import HEADER, outgoing_headers
from profcov.wire.statuses import STATUS_HEADER, TRACED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from http.cookiejar import Cookie

    from profcov.playback.client.address import Origin
    from profcov.playback.client.call import Call
    from profcov.slug import Slug


class Client:
    """One profile's session: its cookies, its slug, how many requests it has sent, and the seconds that the last one took.

    ``notes`` are sentences about what may surprise the profile's author, in order.
    """

    def __init__(
        self,
        base_url: str,
        slug: Slug | None,
        named: Collection[Origin],
        *,
        timeout: float,
        secret: str | None = None,
        cookies: Iterable[Cookie] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
        insecure: bool = False,
    ) -> None:
        """Open a session; with a ``slug``, requests to the ``named`` servers and the base URL's are traced.

        ``timeout`` is in seconds, for the connection and for each part of an answer. With a ``secret`` the slug is
        signed, afresh for each request: tokens have a limited age. ``headers`` are secret, go to the same servers, and
        win over those of a call. ``insecure`` takes any certificate.
        """
        self.base_url = base_url
        self.requests = 0
        self.seconds = 0.0
        self.traced = 0
        self.notes: dict[str, None] = {}
        self._slug = slug
        self._named = {find_origin(base_url), *named}
        self._timeout = timeout
        self._secret = secret
        self._is_insecure = insecure
        self._mask = Mask()
        self._session = ProfileSession()
        self._headers = dict(headers)
        for value in headers.values():
            self._mask.add_header(value)
        for cookie in cookies:
            self._session.cookies.set_cookie(copy.copy(cookie))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._session.close()

    @property
    def cookies(self) -> tuple[Cookie, ...]:
        """The session's cookies of this moment."""
        return tuple(cast("Iterable[Cookie]", self._session.cookies))  # a mapping of names as well, by its type

    @property
    def secrets(self) -> frozenset[str]:
        """The values that messages hide."""
        return self._mask.secrets

    def add_secrets(self, values: Iterable[str]) -> None:
        """Have values hidden as well."""
        self._mask.add(*values)

    def hide_secrets(self, text: str) -> str:
        """Return a text without the cookies and authorizations of this session."""
        self._add_cookies()
        return self._mask.hide(text)

    def _add_cookies(self) -> None:
        self._mask.add(*(cookie.value for cookie in self.cookies))

    def send(self, call: Call) -> requests.Response:
        """Send one request, follow its redirects, and return the whole answer.

        Raises:
            TargetError: nothing answers, or the answer to a traced request lacks the status ``traced``.
            StepFailedError: there was no whole answer, or the request cannot be sent.
        """
        url = join(self.base_url, call.path)
        started = time.monotonic()
        try:
            answer = self._exchange(call, url)
        except requests.Timeout as error:
            if isinstance(error, requests.ConnectTimeout):
                raise TargetUnreachableError(
                    self._server(url), f"nothing answers within {self._timeout:g} s"
                ) from error
            raise StepFailedError(f"{call.method} {show(url)}: no answer within {self._timeout:g} s") from error
        except requests.exceptions.SSLError as error:
            problem = "there is no safe connection: its certificate is not valid; --insecure accepts it all the same"
            raise TargetError(self._server(url), problem) from error
        except requests.exceptions.ProxyError as error:
            raise TargetError(self._server(url), "the proxy that the environment names does not lead there") from error
        except requests.ConnectionError as error:
            raise self._explain(error, call, url) from error
        except (requests.RequestException, ValueError) as error:
            raise StepFailedError(f"{call.method} {show(url)}: {hide_named(_first_line(error))}") from error
        self.seconds = time.monotonic() - started
        self._note_redirects(answer)
        self._check(answer)
        return answer

    def _exchange(self, call: Call, url: str) -> requests.Response:
        headers = dict(call.headers)
        is_named = find_origin(url) in self._named
        if is_named:
            given = {name.lower() for name in self._headers}
            headers = {name: value for name, value in headers.items() if name.lower() not in given} | self._headers
        self._add_cookies()  # now: the answer may replace one, and echo the old one
        self._mask.add(*call.secrets)
        for name, value in call.headers.items():
            if is_secret_name(name):
                self._mask.add_header(value)
            if name.lower() == "accept-encoding":
                headers[name] = narrow(value)
        if self._slug is not None and is_named:
            headers.update(outgoing_headers(self._slug, self._secret))
        self.requests += 1
        self._session.own_cookies = next((value for name, value in headers.items() if name.lower() == "cookie"), "")
        return self._session.request(
            call.method,
            url,
            params=dict(call.query),
            headers=headers,
            data=call.form_fields() if call.body is None else call.body,
            files=call.parts(),
            allow_redirects=call.follow_redirects,
            timeout=self._timeout,
            verify=False if self._is_insecure else None,  # given here: the session's own loses to REQUESTS_CA_BUNDLE
        )

    def _note_redirects(self, answer: requests.Response) -> None:
        """Note each redirect that has left its server: what comes of it may lack what was left behind."""
        urls = [each.request.url or "" for each in (*answer.history, answer)]
        for before, after in itertools.pairwise(urls):
            if self._session.leaves(before, after):
                self.notes[
                    f"a redirect led from {show_server(before)} to {show_server(after)}: "
                    "the profile's headers and its slug were not sent there"
                ] = None

    def _check(self, answer: requests.Response) -> None:
        """Look at the status header of every answer to a request that carried the slug, redirects included."""
        for each in (*answer.history, answer):
            if HEADER not in each.request.headers:
                continue
            status = each.headers.get(STATUS_HEADER)
            if status == TRACED:
                self.traced += 1
                continue
            request = f"{each.request.method} {show(each.request.url or '')}"
            raise TargetError(self._server(each.request.url or ""), explain_status(status, request, each.status_code))

    def _server(self, url: str) -> str:
        return show(self.base_url) if find_origin(url) == find_origin(self.base_url) else show_server(url)

    def _explain(self, error: requests.ConnectionError, call: Call, url: str) -> Exception:
        cause = getattr(error.args[0], "reason", None) if error.args else None
        if isinstance(cause, NameResolutionError):
            return TargetUnreachableError(self._server(url), "nothing answers: there is no host of this name")
        if isinstance(cause, NewConnectionError):
            return TargetUnreachableError(
                self._server(url),
                "nothing answers there: start the server, or give its address with --base-url",
            )
        return StepFailedError(f"{call.method} {show(url)}: the connection broke before the whole answer was there")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

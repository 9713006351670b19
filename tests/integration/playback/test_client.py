from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest
from flask import redirect, request

from profcov.errors import TargetError
from profcov.playback.client.address import find_origin
from profcov.playback.client.call import Call
from profcov.playback.client.client import Client
from profcov.playback.client.failure import StepFailedError
from profcov.slug import parse_slug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.playback.conftest import Seen
    from werkzeug.wrappers import Response

SLUG = parse_slug("us-small")
GET = Call(method="GET", path="/x")


def client_for(url: str, *, trace: bool = True, named: tuple[str, ...] = (), timeout: float = 10) -> Client:
    return Client(
        url, SLUG if trace else None, [origin for each in named if (origin := find_origin(each))], timeout=timeout
    )


@contextlib.contextmanager
def raw_server(answer: bytes | None) -> Iterator[str]:
    """Listen on a socket, answer the first connection with some bytes and close it; with None, say nothing."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                if answer is None:
                    over.wait(30)
                else:
                    connection.sendall(answer)

        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def test_a_traced_request_carries_the_slug_and_an_untraced_one_does_not(serve: Callable[..., Seen]) -> None:
    server = serve("traced")
    server.answer("/x", lambda: "x")
    with client_for(server.url) as traced, client_for(server.url, trace=False) as untraced:
        assert traced.send(GET).text == "x"
        assert untraced.send(GET).text == "x"
        assert (traced.traced, untraced.traced) == (1, 0)
    assert server.slugs() == ["us-small", None]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("disabled", "profcov is installed but off: set ENABLE_PROFILE_COVERAGE=1 where the server starts"),
        ("rejected; not allowed", "PROFILE_COVERAGE_ALLOW does not allow this slug where the server starts"),
        ("rejected; a new reason", "the server refused to trace GET {url}/x: a new reason"),
        ("rejected", "the server refused to trace GET {url}/x: it gives no reason"),
        ("unsupported; greenlets", "the server cannot trace GET {url}/x: greenlets"),
        ("maybe", "GET {url}/x was answered with X-Profile-Trace-Status: 'maybe', which this profcov does not know"),
        (
            None,
            (
                "the server does not run profcov's middleware, or another process answers on this port: "
                "GET {url}/x was answered with 404 and no X-Profile-Trace-Status"
            ),
        ),
    ],
)
def test_any_status_but_traced_is_an_error(serve: Callable[..., Seen], status: str | None, reason: str) -> None:
    server = serve(status)
    with client_for(server.url) as client, pytest.raises(TargetError) as caught:
        client.send(GET)
    assert caught.value.base_url == server.url
    assert caught.value.reason == reason.replace("{url}", server.url)


def test_every_answer_is_checked_not_only_the_first(serve: Callable[..., Seen]) -> None:
    server = serve()

    def view() -> tuple[str, dict[str, str]]:
        return "x", {"X-Profile-Trace-Status": "traced"} if len(server.requests) < 3 else {}

    server.answer("/x", view)
    with client_for(server.url) as client:
        client.send(GET)
        client.send(GET)
        with pytest.raises(TargetError, match="does not run profcov's middleware"):
            client.send(GET)


def test_the_answer_that_redirects_is_checked_too(serve: Callable[..., Seen]) -> None:
    server = serve()
    server.answer("/x", lambda: redirect("/y"))
    server.answer("/y", lambda: ("y", {"X-Profile-Trace-Status": "traced"}))
    with client_for(server.url) as client, pytest.raises(TargetError, match=r"GET \S+/x was answered with 302 and no"):
        client.send(GET)


def test_a_redirect_on_the_same_server_keeps_the_slug(serve: Callable[..., Seen]) -> None:
    server = serve("traced")
    server.answer("/x", lambda: redirect("/y"))
    server.answer("/y", lambda: "y")
    with client_for(server.url) as client:
        assert client.send(GET).text == "y"
        assert client.traced == 2
    assert server.slugs() == ["us-small", "us-small"]


def test_a_redirect_to_another_server_loses_the_slug_for_good(serve: Callable[..., Seen]) -> None:
    server, other = serve("traced"), serve()
    server.answer("/x", lambda: redirect(f"{other.url}/x"))
    other.answer("/x", lambda: redirect(f"{server.url}/y"))
    server.answer("/y", lambda: "y")
    with client_for(server.url) as client:
        assert client.send(GET).text == "y"
        assert client.traced == 1
    assert other.slugs() == [None]
    assert server.slugs() == ["us-small", None]


def test_a_redirect_to_another_server_takes_nothing_along_that_was_meant_for_the_first(
    serve: Callable[..., Seen],
) -> None:
    server, other = serve("traced"), serve()
    server.answer("/x", lambda: redirect(f"{other.url}/y"))
    other.answer("/y", lambda: "y")
    own = {"X-API-Key": "k", "Authorization": "Bearer k", "X-Auth": "k", "Cookie": "own=k", "Referer": "/?k=k"}
    with Client(server.url, SLUG, [], timeout=10, secret="a secret that is long enough") as client:
        assert client.send(Call(method="GET", path="/x", headers={**own, "Accept": "text/x"})).text == "y"
        assert list(client.notes) == [
            f"a redirect led from {server.url} to {other.url}: the profile's headers and its slug were not sent there"
        ]
    (_, _, first), (_, _, second) = *server.requests, *other.requests
    assert first.items() >= {name.title(): value for name, value in own.items()}.items()
    assert "X-Profile-Trace-Token" in first
    assert set(second) <= {"Host", "Accept", "Accept-Encoding", "Connection", "User-Agent"}
    assert second["Accept"] == "text/x"


@pytest.mark.parametrize("status", [307, 308])
def test_a_body_is_not_sent_on_to_another_server(serve: Callable[..., Seen], status: int) -> None:
    server, other = serve("traced"), serve()
    server.answer("/x", lambda: redirect(f"{other.url}/y", status), method="POST")
    said = f"POST {server.url}/x: its body is not sent on to another server: the answer, {status}, redirects to {other.url}"
    with client_for(server.url) as client, pytest.raises(StepFailedError) as caught:
        client.send(Call(method="POST", path="/x", form={"password": ["open sesame"]}))
    assert str(caught.value) == said
    assert not other.requests


def test_a_redirect_on_the_same_server_takes_the_requests_own_cookies_along(serve: Callable[..., Seen]) -> None:
    server = serve("traced")

    def first() -> Response:
        response = redirect("/y")
        response.set_cookie("changed", "new")
        response.delete_cookie("gone")
        return response

    server.answer("/x", first)
    server.answer("/y", lambda: redirect("/z"))
    server.answer("/z", lambda: "z")
    with client_for(server.url) as client:
        client.send(Call(method="GET", path="/x", headers={"Cookie": "own=1; changed=old; gone=1"}))
        client.send(Call(method="GET", path="/z"))
    assert [headers.get("Cookie") for _, _, headers in server.requests] == [
        "own=1; changed=old; gone=1",
        "own=1; changed=new",
        "own=1; changed=new",
        "changed=new",
    ]


@pytest.mark.parametrize("status", [303, 307])
def test_a_redirect_on_the_same_server_takes_headers_along_and_the_body_by_307(
    serve: Callable[..., Seen], status: int
) -> None:
    server = serve("traced")
    server.answer("/x", lambda: redirect("/y", status), method="POST")
    server.answer("/y", lambda: request.form["password"], method="POST")
    server.answer("/y", lambda: "no body")
    with client_for(server.url) as client:
        call = Call(method="POST", path="/x", form={"password": ["sesame"]}, headers={"X-API-Key": "k"})
        assert client.send(call).text == ("sesame" if status == 307 else "no body")
        assert not client.notes
    assert [headers["X-Api-Key"] for _, _, headers in server.requests] == ["k", "k"]


def test_a_redirect_is_not_followed_if_it_is_what_is_expected(serve: Callable[..., Seen]) -> None:
    server = serve("traced")
    server.answer("/x", lambda: redirect("/y"))
    with client_for(server.url) as client:
        answer = client.send(Call(method="GET", path="/x", follow_redirects=False))
    assert answer.status_code == 302
    assert len(server.requests) == 1


def test_only_servers_that_the_profile_names_get_the_slug(serve: Callable[..., Seen]) -> None:
    server, named, stranger = serve("traced"), serve("traced"), serve()
    with client_for(server.url, named=(named.url,)) as client:
        client.send(Call(method="GET", path=f"{named.url}/x"))
        client.send(Call(method="GET", path=f"{stranger.url}/x"))
    assert named.slugs() == ["us-small"]
    assert stranger.slugs() == [None]


def test_forms_files_queries_and_headers_arrive(serve: Callable[..., Seen]) -> None:
    server = serve("traced")

    def view() -> dict[str, object]:
        return {
            "form": dict(request.form),
            "files": {name: [file.filename, file.read().decode()] for name, file in request.files.items()},
            "query": request.args.to_dict(flat=False),
            "header": request.headers["X-Run"],
        }

    server.answer("/x", view, method="POST")
    call = Call(
        method="POST",
        path="/x",
        form={"units": ["m"]},
        files=[("dem", ("dem.asc", b"1 2"))],
        query={"a": ["1", "ä &"]},
        headers={"X-Run": "7"},
    )
    with client_for(server.url) as client:
        assert client.send(call).json() == {
            "form": {"units": "m"},
            "files": {"dem": ["dem.asc", "1 2"]},
            "query": {"a": ["1", "ä &"]},
            "header": "7",
        }


def test_the_authorization_is_the_profiles_own_or_the_urls_and_never_netrcs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serve: Callable[..., Seen]
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mine password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve("traced")
    server.answer("/x", lambda: redirect("/y"))
    server.answer("/y", lambda: "y")
    with client_for(server.url) as client:
        client.send(Call(method="GET", path="/x", headers={"Authorization": "Bearer own"}))
        client.send(GET)
    with client_for(server.url.replace("//", "//ada:p%40w@")) as client:
        client.send(Call(method="GET", path="/y"))
    sent = [headers.get("Authorization") for _, _, headers in server.requests]
    assert sent == ["Bearer own", "Bearer own", None, None, "Basic YWRhOnBAdw=="]


def test_cookies_last_for_the_profile(serve: Callable[..., Seen]) -> None:
    server = serve("traced")
    server.answer("/x", lambda: ("x", {"Set-Cookie": "who=me"}))
    with client_for(server.url) as client:
        client.send(GET)
        client.send(GET)
    assert [headers.get("Cookie") for _, _, headers in server.requests] == [None, "who=me"]


def test_a_closed_port_is_a_target_error(closed_port: str) -> None:
    with client_for(closed_port) as client, pytest.raises(TargetError, match="nothing answers there: start the server"):
        client.send(GET)


def test_a_closed_port_of_a_named_server_is_reported_as_that_server(
    serve: Callable[..., Seen], closed_port: str
) -> None:
    with client_for(serve("traced").url) as client, pytest.raises(TargetError) as caught:
        client.send(Call(method="GET", path=f"{closed_port}/api/x"))
    assert caught.value.base_url == closed_port


def test_a_host_that_does_not_exist_is_a_target_error() -> None:
    with client_for("http://no-such-host.invalid") as client, pytest.raises(TargetError, match="no host of this name"):
        client.send(GET)


def test_a_server_that_closes_without_an_answer_fails_the_step() -> None:
    with (
        raw_server(b"") as url,
        client_for(url) as client,
        pytest.raises(StepFailedError, match="the connection broke"),
    ):
        client.send(GET)


def test_an_answer_that_is_cut_short_fails_the_step() -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nX-Profile-Trace-Status: traced\r\n\r\nhalf"
    with raw_server(cut) as url, client_for(url) as client, pytest.raises(StepFailedError, match=f"GET {url}/x: "):
        client.send(GET)


def test_a_server_that_says_nothing_fails_the_step_when_the_time_is_over() -> None:
    with (
        raw_server(None) as url,
        client_for(url, timeout=0.1) as client,
        pytest.raises(StepFailedError, match=r"GET http://127\.0\.0\.1:\d+/x: no answer within 0\.1 s"),
    ):
        client.send(GET)


def test_redirects_without_end_fail_the_step(serve: Callable[..., Seen]) -> None:
    server = serve("traced")
    server.answer("/x", lambda: redirect("/x"))
    with client_for(server.url) as client, pytest.raises(StepFailedError, match="Exceeded 30 redirects"):
        client.send(GET)

"""What a session brings along: cookies, a login, a certificate that is not checked; and that secrets stay secret."""

from __future__ import annotations

import gzip
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Response, redirect, request
from written import get, write

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from tests.integration.playback.conftest import Seen

    Playback = Callable[..., subprocess.CompletedProcess[str]]

CERTIFICATE = Path(__file__).with_name("self_signed.pem")
"""Valid for 127.0.0.1, for a century, and signed by nobody."""

SECRET = "s3cret-of-the-session"


def add_login(server: Seen) -> None:
    """Add a page that logs in, and one that is only for those who have."""

    @server.app.post("/login")
    def log_in() -> Response:
        if request.form["password"] != "open sesame":
            return Response(f"no: {request.form['password']}", 403)
        response = Response('{"token": "s3cret-token"}')
        response.set_cookie("session", SECRET)
        return response

    @server.app.get("/mine")
    def mine() -> tuple[str, int]:
        is_known = request.cookies.get("session") == SECRET and request.headers.get("Authorization") == "s3cret-token"
        return ("mine", 200) if is_known else (str(request.headers), 401)


LOGIN = """slug: login
variables: {password: open sesame}
steps: [{name: s, request: {method: POST, path: /login, form: {password: "{password}"}}, save: {token: token}}]
"""
MINE = 'mine, request: {path: /mine, headers: {Authorization: "{token}"}}'


def test_a_login_gives_its_cookies_and_what_it_saved_to_all_profiles(
    tmp_path: Path, serve: Callable[..., Seen], playback: Playback
) -> None:
    server = serve("traced")
    add_login(server)
    login = tmp_path / "login"
    login.write_text(LOGIN)
    paths = [write(tmp_path, slug, MINE) for slug in ("a", "b")]
    ended = playback(*paths, "--login", login, "--base-url", server.url, "--jobs", 2)
    assert ended.returncode == 0, ended.stderr
    assert [path for _, path, _ in server.requests] == ["/login", "/mine", "/mine"]


def test_a_header_comes_from_the_environment_wins_and_is_never_shown(
    tmp_path: Path, serve: Callable[..., Seen], playback: Playback
) -> None:
    server, other = serve(), serve()
    server.answer("/a", lambda: redirect(f"{other.url}/b"))
    other.answer("/b", lambda: "b")
    server.answer("/echo", lambda: (f"{request.headers['Authorization']} {request.headers['X-Plain']}", 403))
    profile = write(
        tmp_path,
        "a",
        "one, request: {path: /a, headers: {authorization: recorded, x-own: kept}}, expect: {status: 200}",
        "two, request: {path: /echo}",
    )
    words = (
        "--header",
        "Authorization=Bearer $SHOP_TOKEN",
        "--header",
        "X-Plain=${PLAIN}$$",
        "--junit",
        "j",
        "--json",
        "r",
    )
    environ = {"SHOP_TOKEN": SECRET, "PLAIN": "plain-but-given"}
    ended = playback(profile, "--base-url", server.url, *words, **environ)
    assert ended.returncode == 1
    ((_, _, first), (_, _, second)) = server.requests
    assert (first["Authorization"], first["X-Own"], first["X-Plain"]) == (
        f"Bearer {SECRET}",
        "kept",
        "plain-but-given$",
    )
    assert second["Authorization"] == f"Bearer {SECRET}"
    ((_, _, elsewhere),) = other.requests
    assert not {"Authorization", "X-Plain", "X-Own"} & elsewhere.keys()
    shown = "".join((ended.stderr, ended.stdout, (tmp_path / "j").read_text(), (tmp_path / "r").read_text()))
    assert "expected status 200 to 299, got 403: 'Bearer *** ***'" in ended.stderr
    assert SECRET not in shown
    assert "plain-but-given" not in shown


def test_a_login_is_not_traced(tmp_path: Path, traced: Any, playback: Playback) -> None:
    login = write(tmp_path, "enter", get("/red"))
    ended = playback(write(tmp_path, "entered", get("/blue")), *traced.words, "--login", login, **traced.environ)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split("\t")[:3] == ["entered", f"{traced.data_dir}/entered.coverage", "complete"]
    assert not list(traced.data_dir.rglob("enter.*"))


def test_a_login_that_fails_fails_all_profiles_and_sends_none_of_them(
    tmp_path: Path, serve: Callable[..., Seen], playback: Playback
) -> None:
    server = serve()
    add_login(server)
    login = tmp_path / "login"
    login.write_text(LOGIN)
    words = ("--login", login, "--base-url", server.url, "--var", "password=wrong", "--junit", "junit.xml")
    ended = playback(write(tmp_path, "a", MINE), *words)
    assert ended.returncode == 1
    assert ended.stderr.startswith(
        f"profcov: login: step 's': POST {server.url}/login: expected status 200 to 299, got 403"
    )
    assert [path for _, path, _ in server.requests] == ["/login"]
    assert 'failures="1"' in (tmp_path / "junit.xml").read_text()


def test_cookies_are_sent_to_the_profiles_server_and_to_no_other(
    tmp_path: Path, serve: Callable[..., Seen], playback: Playback
) -> None:
    server, other = serve(), serve()
    # Cookies do not know ports: the other server has to have another name.
    server.answer("/x", lambda: redirect(other.url.replace("127.0.0.1", "localhost") + "/y"))
    other.answer("/y", lambda: "y")
    jar = tmp_path / "cookies.txt"
    jar.write_text(
        "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tfiled\tb\nlocalhost\tFALSE\t/z\tFALSE\t0\tc\td\n"
    )
    ended = playback(
        write(tmp_path, "a", get("/x")), "--base-url", server.url, "--cookie", "given=a", "--cookie-file", jar
    )
    assert ended.returncode == 0, ended.stderr
    assert f"a: a redirect led from {server.url} to {other.url.replace('127.0.0.1', 'localhost')}: " in ended.stderr
    assert [headers["Cookie"] for _, _, headers in server.requests] == ["filed=b; given=a"]
    assert [headers.get("Cookie") for _, _, headers in other.requests] == [None]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--cookie", SECRET], "--cookie': number 1 is not NAME=VALUE"),
        (["--cookie", "a=b", "--cookie", f"a={SECRET}\n"], "--cookie': number 2 is not NAME=VALUE"),
        (["--cookie-file", "profile.yaml"], "profile.yaml: line 1 is not one of a Netscape cookie file"),
    ],
)
def test_a_cookie_that_cannot_be_is_reported_without_its_value(
    tmp_path: Path, playback: Playback, words: list[str], sentence: str
) -> None:
    write(tmp_path, "profile", get("/x")).with_name("profile.yaml").write_text(f"session={SECRET}")
    ended = playback(write(tmp_path, "a", get("/x")), "--base-url", "http://127.0.0.1:1", *words)
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert SECRET not in ended.stderr


def test_cookies_and_authorizations_are_in_no_message(
    tmp_path: Path, serve: Callable[..., Seen], playback: Playback
) -> None:
    """The server says back what it was sent, in the body and in headers, and sets a cookie of its own."""
    server = serve()

    def echo() -> Response:
        authorization = request.headers.get("Authorization", "")
        said = f"cookie {request.headers['Cookie']}, authorization {authorization}, token {authorization[7:]}"
        response = Response(said, 500)
        response.set_cookie("fresh", "s3cret-and-fresh")
        return response

    server.answer("/echo", echo)
    profiles = [
        write(tmp_path, "body", 'x, request: {path: /echo, headers: {authorization: "Bearer s3cret-token"}}'),
        write(
            tmp_path, "header", "x, request: {path: /echo}, expect: {status: 500, headers: {Set-Cookie: s3cret-guess}}"
        ),
    ]
    words = ("--base-url", server.url, "--cookie", f"session={SECRET}", "--json", "results.json", "--junit", "r.xml")
    ended = playback(*profiles, *words, "--retries", 1, GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"))
    assert ended.returncode == 1
    assert "got 500: 'cookie session=***, authorization Bearer ***, token ***'" in ended.stderr
    assert "expected header Set-Cookie to be another than it is" in ended.stderr
    told = [
        ended.stdout,
        ended.stderr,
        *((tmp_path / name).read_text() for name in ("results.json", "r.xml", "summary.md")),
    ]
    assert [text for text in told if "s3cret" in text] == []


def test_what_was_sent_under_the_name_of_a_secret_is_in_no_message(
    tmp_path: Path, serve: Callable[..., Seen], playback: Playback
) -> None:
    """The server says back what it was sent, in texts where no name stands before it."""
    server = serve()

    def echo() -> tuple[str, int]:
        sent = [*request.args.values(), *request.form.values(), *(request.get_json(silent=True) or {}).values()]
        return (
            f"no {' nor '.join([*sent, request.headers.get('X-Api-Key', '-')])} <input name=csrf value=s3cret-5>",
            500,
        )

    server.app.add_url_rule("/echo", view_func=echo, methods=["GET", "POST"])
    profile = [
        write(tmp_path, "a", "x, request: {path: '/echo?sid=s3cret-1', query: {token: s3cret-2, q: lamps}}"),
        write(tmp_path, "b", "x, request: {method: POST, path: /echo, form: {password: s3cret-3, user: ada}}"),
        write(
            tmp_path,
            "c",
            "x, request: {method: POST, path: /echo, json: {pin: s3cret-4}, headers: {X-Api-Key: s3cret-0}}",
        ),
    ]
    ended = playback(*profile, "--base-url", server.url, "--junit", "r.xml")
    page = '<input name=csrf value="***">\'\n'
    for said in ("no *** nor *** nor lamps nor - ", "no *** nor ada nor - ", "no *** nor *** "):
        assert f"got 500: '{said}{page}" in ended.stderr
    assert "s3cret" not in ended.stderr + (tmp_path / "r.xml").read_text()


@pytest.fixture
def https() -> Iterator[str]:
    """Serve over TLS with a certificate that nobody has signed, and answers that are compressed."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = gzip.compress(b"pressed flowers")
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_certificate_is_checked_unless_that_is_not_wanted(tmp_path: Path, https: str, playback: Playback) -> None:
    profile = write(tmp_path, "a", "x, request: {path: /x}, expect: {text: pressed flowers}")
    refused = playback(profile, "--base-url", https)
    assert refused.returncode == 4
    assert refused.stderr == (
        f"profcov: {https}: there is no safe connection: its certificate is not valid; --insecure accepts it all the same\n"
    )
    # The variable that names certificates to trust is no reason to check this one.
    taken = playback(profile, "--base-url", https, "--insecure", REQUESTS_CA_BUNDLE="/dev/null")
    assert taken.returncode == 0, taken.stderr
    warning, line = taken.stderr.splitlines()
    assert warning == "profcov: warning: --insecure: certificates are not checked"
    assert line.startswith("a: 1 requests")


def test_a_login_is_tried_again_too(tmp_path: Path, serve: Callable[..., Seen], playback: Playback) -> None:
    server = serve()
    server.answer("/login", lambda: ("in", 200 if len(server.requests) > 1 else 503))
    server.answer("/x", lambda: "x")
    login = write(tmp_path, "login", get("/login"))
    ended = playback(write(tmp_path, "a", get("/x")), "--login", login, "--base-url", server.url, "--retries", 1)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.startswith("login: played again in 0.5 s, because it failed: login: step ")
    assert [path for _, path, _ in server.requests] == ["/login", "/login", "/x"]

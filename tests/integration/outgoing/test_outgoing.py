"""Calls to other servers carry the slug on, to the hosts that are named, and to no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from profcov.recording.propagation.outgoing_http import matches

HERE = Path(__file__).parent
CLIENTS = ("requests", "urllib3", "httpx", "httpx_async", "aiohttp")
PREPARE = """
import sys
sys.path.insert(0, {here!r})
import profcov
import echo
call = echo.by_{client}
os_environ = __import__("os").environ
os_environ["PROFILE_COVERAGE_PROPAGATE"] = {propagate}
import play  # it has the settings read
"""
SLUG = {"x-profile-trace": "demo"}


@pytest.fixture
def run(run_python: Any) -> Any:
    def run_client(client: str, source: str, propagate: str = "echo.HERE", **options: str) -> Any:
        return run_python(PREPARE.format(here=str(HERE), client=client, propagate=propagate) + source, **options)

    return run_client


@pytest.mark.parametrize("client", [*CLIENTS, "urllib3_pool"])
def test_a_call_inside_a_unit_carries_the_slug_to_a_host_that_is_named_only(run: Any, client: str) -> None:
    assert run(
        client,
        """
call(f"http://{echo.HERE}/outside")
with profcov.trace("demo"):
    call(f"http://{echo.HERE}/inside")
    call(f"http://{echo.THERE}/inside")
call(f"http://{echo.HERE}/after")
play.tell(echo.told())
""",
    ) == [[["/outside", {}], ["/inside", SLUG], ["/after", {}]], [["/inside", {}]]]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_redirect_to_another_host_does_not_take_the_slug_along(run: Any, client: str) -> None:
    assert run(
        client,
        """
with profcov.trace("demo"):
    call(f"http://{echo.HERE}/to/{echo.THERE}/end")
    call(f"http://{echo.THERE}/to/{echo.HERE}/end")
here, there = echo.told()
play.tell([[headers for _, headers in here], [headers for _, headers in there]])
""",
    ) == [[SLUG, SLUG], [{}, {}]]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_header_of_the_applications_own_stays(run: Any, client: str) -> None:
    assert run(
        client,
        """
given = {"x-PROFILE-trace": "mine"}
with profcov.trace("demo"):
    call(f"http://{echo.HERE}/", headers=given)
play.tell([echo.told()[0][0][1], given])
""",
    ) == [{"x-profile-trace": "mine"}, {"x-PROFILE-trace": "mine"}]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_signed_slug_is_signed_for_the_next_server(run: Any, client: str) -> None:
    token = run(
        client,
        """
with profcov.trace("demo"):
    call(f"http://{echo.HERE}/")
from profcov.wire.signature import is_signed
headers = echo.told()[0][0][1]
play.tell(is_signed(headers["x-profile-trace"], headers["x-profile-trace-token"], "s" * 16, 60))
""",
        PROFILE_COVERAGE_SECRET="s" * 16,
    )
    assert token is True


@pytest.mark.parametrize("client", CLIENTS)
def test_a_fault_of_ours_is_logged_and_the_call_goes_out(run: Any, client: str) -> None:
    assert run(
        client,
        """
from profcov.recording.propagation import outgoing_http
outgoing_http.outgoing_headers = None
with profcov.trace("demo"):
    call(f"http://{echo.HERE}/")
play.tell([echo.told()[0], [text.partition(" (")[0] for text in play.said]])
""",
    ) == [[["/", {}]], ["cannot carry a slug to another server"]]


def test_without_hosts_nothing_is_patched_and_uninstalling_puts_everything_back(run: Any) -> None:
    source = """
import urllib3, httpx, aiohttp
from profcov.recording.propagation import uninstall
owners = [(urllib3.HTTPConnectionPool, "urlopen"), (httpx.HTTPTransport, "handle_request"),
          (httpx.AsyncHTTPTransport, "handle_async_request"), (aiohttp.BaseConnector, "connect")]
before = [vars(owner)[name] for owner, name in owners]
with profcov.trace("demo"):
    during = [vars(owner)[name] is original for (owner, name), original in zip(owners, before)]
uninstall()
play.tell([during, [vars(owner)[name] is original for (owner, name), original in zip(owners, before)]])
"""
    assert run("requests", source, propagate="''") == [[True] * 4, [True] * 4]
    assert run("requests", source) == [[False] * 4, [True] * 4]


def test_through_a_proxy_it_is_the_targets_host_that_counts(run: Any) -> None:
    source = """
import requests
proxies = {"http": f"http://{echo.THERE}"}
with profcov.trace("demo"):
    requests.get("http://target.internal/asked", proxies=proxies)
    requests.get("http://elsewhere.internal/asked", proxies=proxies)
play.tell(echo.told()[1])
"""
    assert run("requests", source, propagate="'target.*'") == [
        ["target.internal/asked", SLUG],
        ["elsewhere.internal/asked", {}],
    ]


def test_a_retry_carries_the_slug_too_and_uploads_arrive(run: Any) -> None:
    assert run(
        "requests",
        """
import io, requests, urllib3
from requests.adapters import HTTPAdapter
session = requests.Session()
session.mount("http://", HTTPAdapter(max_retries=urllib3.Retry(2, status_forcelist=[503])))
with profcov.trace("demo"):
    session.get(f"http://{echo.HERE}/fails-once")
    session.post(f"http://{echo.HERE}/upload", data=io.BytesIO(b"x" * 100_000))
play.tell(echo.told()[0])
""",
    ) == [["/fails-once", SLUG], ["/fails-once", SLUG], ["/upload", SLUG]]


def test_each_thread_and_task_carries_its_own_slug(run: Any) -> None:
    assert run(
        "httpx",
        """
import asyncio, threading, httpx
def play_one(slug):
    with profcov.trace(slug):
        for _ in range(5):
            call(f"http://{echo.HERE}/{slug}")
threads = [threading.Thread(target=play_one, args=(f"t{n}",)) for n in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
async def play_all():
    async with httpx.AsyncClient() as client:
        async def one(slug):
            @profcov.trace(slug)
            async def ask():
                for _ in range(5):
                    await client.get(f"http://{echo.HERE}/{slug}")
            await ask()
        await asyncio.gather(*(one(f"a{n}") for n in range(4)))
asyncio.run(play_all())
seen = echo.told()[0]
play.tell([len(seen), all(path == "/" + headers["x-profile-trace"] for path, headers in seen)])
""",
    ) == [40, True]


def test_two_services_file_what_they_ran_for_one_request(run: Any, tmp_path: Path) -> None:
    """The first calls the second; both record into one directory, in processes of their own."""
    result = run(
        "requests",
        """
import os, subprocess, sys, requests
from wsgiref.simple_server import make_server, WSGIRequestHandler
import threading, measured
from profcov.web.wsgi import ProfileTraceMiddleware
class Quiet(WSGIRequestHandler):
    def log_message(self, *_): pass
second = subprocess.Popen([sys.executable, "-c", '''
from wsgiref.simple_server import make_server, WSGIRequestHandler
from profcov.web.wsgi import ProfileTraceMiddleware
import measured
class Quiet(WSGIRequestHandler):
    def log_message(self, *_): pass
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "4")])
    return [measured.blue().encode()]
server = make_server("127.0.0.1", 0, ProfileTraceMiddleware(app), handler_class=Quiet)
print(server.server_port, flush=True)
server.serve_forever()
'''], stdout=subprocess.PIPE, text=True)
port = int(second.stdout.readline())
os.environ["PROFILE_COVERAGE_PROPAGATE"] = f"127.0.0.1:{port}"
def app(environ, start_response):
    start_response("200 OK", [])
    return [(measured.red() + requests.get(f"http://127.0.0.1:{port}/").text).encode()]
server = make_server("127.0.0.1", 0, ProfileTraceMiddleware(app, profcov.settings.Settings.from_environ()), handler_class=Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
body = requests.get(f"http://127.0.0.1:{server.server_port}/", headers={"X-Profile-Trace": "demo"}).text
second.kill()
second.communicate()
play.tell([body, play.shards("demo")])
""",
    )
    assert result == ["redblue", ["blue", "red"]]


@pytest.mark.parametrize(
    ("patterns", "host", "port", "expected"),
    [
        (("api.internal",), "api.internal", 80, True),
        (("API.internal",), "api.INTERNAL", None, True),
        (("*.internal",), "api.internal", 443, True),
        (("*.internal",), "internal", 443, False),
        (("api.internal:8000",), "api.internal", 8000, True),
        (("api.internal:8000",), "api.internal", 80, False),
        (("api.internal",), "api.internal.evil.example", 80, False),
        (("[::1]:8000",), "::1", 8000, True),
        (("::1",), "::1", 8000, True),
        (("*",), "anything", 1, True),
        ((), "anything", 1, False),
    ],
)
def test_a_pattern_is_of_a_host_with_or_without_its_port(
    patterns: tuple[str, ...], host: str, port: int | None, expected: bool
) -> None:
    assert matches(patterns, host, port) is expected

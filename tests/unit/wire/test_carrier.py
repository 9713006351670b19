from __future__ import annotations

import pytest

from profcov.settings import Settings
from profcov.wire import carrier
from profcov.wire.carrier import Carriers, Claim
from profcov.wire.signature import is_signed

READ = Carriers(Settings())


def test_a_wsgi_request_carries_the_slug_in_its_header() -> None:
    assert READ.from_environ({"HTTP_X_PROFILE_TRACE": "demo"}) == Claim("demo")
    assert READ.from_environ({"HTTP_X_PROFILE_TRACE": "demo", "HTTP_X_PROFILE_TRACE_TOKEN": "t"}) == (
        "demo",
        "t",
        False,
    )
    assert READ.from_environ({"HTTP_X_PROFILE": "demo", "X_PROFILE_TRACE": "demo"}) is None


def test_a_header_with_underscores_is_none_where_the_server_tells() -> None:
    environ = {"HTTP_X_PROFILE_TRACE": "demo"}
    assert READ.from_headers([(b"x_profile_trace", b"demo")]) is None
    for name, slug in ((b"x_profile_trace", None), (b"x-profile-trace", Claim("demo"))):
        assert READ.from_environ({**environ, "asgi.scope": {"headers": [(b"host", b"h"), (name, b"demo")]}}) == slug
    for odd in ({}, {"headers": None}, {"headers": [1]}, 7):
        assert READ.from_environ({**environ, "asgi.scope": odd}) == Claim("demo")
    assert READ.from_environ(environ, READ.from_environ) == Claim("demo")


def test_an_asgi_request_carries_the_slug_in_its_header() -> None:
    assert READ.from_headers([(b"host", b"here"), (b"x-profile-trace", b"demo")]) == Claim("demo")
    both = [(b"x-profile-trace-token", b"t"), (b"x-profile-trace", b"demo")]
    assert READ.from_headers(both) == Claim("demo", "t")
    assert READ.from_headers([(b"x-profile-trace-status", b"demo")]) is None
    assert READ.from_headers([]) is None


def test_bytes_that_are_no_ascii_are_read_all_the_same() -> None:
    assert READ.from_headers([(b"x-profile-trace", b"\xff\x00")]) == Claim("\xff\x00")


BAGGAGE = [
    ("profcov.slug=demo", "demo", None),
    ("a=b,profcov.slug=demo;ttl=3,c=d", "demo", None),
    (" a=b , profcov.slug = demo ; x", "demo", None),
    ("profcov.slug=d%65mo,profcov.token=t%2B", "demo", "t+"),
    ("profcov.slug=first,profcov.slug=second", "first", None),
    ("profcov.slug=", "", None),
    ("profcov.slug=%ff%00", "\ufffd\x00", None),
]


@pytest.mark.parametrize(("text", "slug", "token"), BAGGAGE)
def test_baggage_carries_a_slug(text: str, slug: str, token: str | None) -> None:
    assert READ.from_environ({"HTTP_BAGGAGE": text}) == Claim(slug, token)
    assert READ.from_headers([(b"baggage", text.encode())]) == Claim(slug, token)


@pytest.mark.parametrize("text", ["", "a=b", "profcov.slug", "xprofcov.slug=demo", "a=profcov.slug", ",;,=,"])
def test_other_baggage_carries_none(text: str) -> None:
    assert READ.from_environ({"HTTP_BAGGAGE": text}) is None
    assert READ.from_headers([(b"baggage", text.encode())]) is None


COOKIES = [
    ("profile_trace=demo", "demo", None),
    ('a=b; profile_trace="demo"; profile_trace_token=t', "demo", "t"),
    ("profile_trace=first; profile_trace=second", "first", None),
]


@pytest.mark.parametrize(("text", "slug", "token"), COOKIES)
def test_a_cookie_carries_a_slug(text: str, slug: str, token: str | None) -> None:
    assert READ.from_environ({"HTTP_COOKIE": text}) == Claim(slug, token)
    assert READ.from_headers([(b"cookie", text.encode())]) == Claim(slug, token)


def test_other_cookies_carry_none() -> None:
    for text in ("", "session=profile_trace", "profile_tracer=demo", "profile_trace_token=t", "profile_trace"):
        assert READ.from_environ({"HTTP_COOKIE": text}) is None


def test_headers_that_come_in_pieces_are_put_together() -> None:
    pieces = [(b"cookie", b"a=b"), (b"baggage", b"c=d"), (b"cookie", b"profile_trace=demo")]
    assert READ.from_headers(pieces) == Claim("demo")
    pieces = [(b"baggage", b"c=d"), (b"cookie", b"profile_trace=demo"), (b"baggage", b"profcov.slug=bag")]
    assert READ.from_headers(pieces) == Claim("bag")


def test_the_header_wins_over_baggage_and_baggage_over_the_cookie() -> None:
    environ = {
        "HTTP_COOKIE": "profile_trace=cookie",
        "HTTP_BAGGAGE": "profcov.slug=baggage",
        "HTTP_X_PROFILE_TRACE": "header",
    }
    headers = [(name[5:].lower().replace("_", "-").encode(), value.encode()) for name, value in environ.items()]
    for expected in ("header", "baggage", "cookie"):
        assert READ.from_environ(environ) == READ.from_headers(headers) == Claim(expected)
        environ.popitem()
        headers.pop()
    assert READ.from_environ(environ) is READ.from_headers(headers) is None


@pytest.mark.parametrize("carried", ["header", "baggage", "cookie"])
def test_each_carrier_can_be_switched_off(carried: str) -> None:
    name, value = {
        "header": ("X_PROFILE_TRACE", "demo"),
        "baggage": ("BAGGAGE", "profcov.slug=demo"),
        "cookie": ("COOKIE", "profile_trace=demo"),
    }[carried]
    environ, headers = {f"HTTP_{name}": value}, [(name.lower().replace("_", "-").encode(), value.encode())]
    without = Carriers(Settings(carriers=tuple({"header", "baggage", "cookie"} - {carried})))
    alone = Carriers(Settings(carriers=(carried,)))
    assert without.from_environ(environ) is without.from_headers(headers) is None
    assert alone.from_environ(environ) == alone.from_headers(headers) == Claim("demo")


@pytest.mark.parametrize("start", ["profcov.slug=demo,a=", "profile_trace=demo;a="])
def test_endless_baggage_and_cookies_are_not_looked_at(start: str) -> None:
    text = start + "x" * 8192
    assert READ.from_environ({"HTTP_BAGGAGE": text, "HTTP_COOKIE": text}) is None


def test_the_default_slug_is_for_requests_that_carry_none() -> None:
    read = Carriers(Settings(default_slug="production"))
    default = Claim("production", None, is_default=True)
    assert read.from_environ({}) == read.from_headers([]) == default
    assert read.from_environ({"HTTP_COOKIE": "a=b"}) == read.from_headers([(b"baggage", b"a=b")]) == default
    assert read.from_environ({"HTTP_X_PROFILE_TRACE": "demo"}) == Claim("demo")


def test_outgoing_headers_are_signed_where_there_is_a_secret() -> None:
    assert carrier.outgoing_headers("demo", None) == {"X-Profile-Trace": "demo"}
    headers = carrier.outgoing_headers("demo", "s" * 16)
    assert headers["X-Profile-Trace"] == "demo"
    assert is_signed("demo", headers["X-Profile-Trace-Token"], "s" * 16, 60)


@pytest.mark.parametrize("value", [None, 7, b"demo", ["demo"]])
def test_a_job_whose_metadata_holds_something_else_carries_no_slug(value: object) -> None:
    assert carrier.from_job_meta({"profile_trace_slug": value}) is None


def test_stamping_copies_the_metadata() -> None:
    given = {"user": 1}
    assert carrier.stamp(given, "demo") == {"user": 1, "profile_trace_slug": "demo"}
    assert given == {"user": 1}
    assert carrier.stamp(None, "demo") == {"profile_trace_slug": "demo"}


def test_a_slug_that_is_there_already_stays() -> None:
    assert carrier.stamp({"profile_trace_slug": "first"}, "second") == {"profile_trace_slug": "first"}

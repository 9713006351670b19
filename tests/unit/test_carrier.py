from __future__ import annotations

import pytest

from profcov import carrier


def test_a_wsgi_request_carries_the_slug_in_its_header() -> None:
    assert carrier.from_environ({"HTTP_X_PROFILE_TRACE": "demo"}) == "demo"
    assert carrier.from_environ({"HTTP_X_PROFILE": "demo", "X_PROFILE_TRACE": "demo"}) is None


def test_an_asgi_request_carries_the_slug_in_its_header() -> None:
    assert carrier.from_headers([(b"host", b"here"), (b"x-profile-trace", b"demo")]) == "demo"
    assert carrier.from_headers([(b"x-profile-trace-status", b"demo")]) is None


def test_bytes_that_are_no_ascii_are_read_all_the_same() -> None:
    assert carrier.from_headers([(b"x-profile-trace", b"\xff\x00")]) == "\xff\x00"


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

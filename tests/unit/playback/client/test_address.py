from __future__ import annotations

import pytest

from profcov.playback.client.address import drop_path, find_origin, join
from profcov.playback.masking.urls import show, show_server, show_wrong


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://Example.org/a", ("example.org", 80)),
        ("https://example.org", ("example.org", 443)),
        ("http://[::1]:8000/", ("::1", 8000)),
        ("http://user:secret@host:81", ("host", 81)),
        ("ftp://host", None),
        ("host:80", None),
        ("http://", None),
        ("http://host:port", None),
        ("http://[::1", None),
        ("/path", None),
    ],
)
def test_the_server_of_a_url(url: str, origin: tuple[str, int] | None) -> None:
    assert find_origin(url) == origin


def test_a_path_is_joined_below_the_base_url_and_a_url_stays() -> None:
    assert join("http://host/app/", "/api") == "http://host/app/api"
    assert join("http://host", "http://other/api") == "http://other/api"


@pytest.mark.parametrize(
    ("paths", "base"),
    [
        (["/api/x", "/app/y"], "http://host"),
        (["/app"], "http://host"),
        (["/app?x=/"], "http://host"),
        (["/apple", "/x/app/", "http://host/app/"], "http://host/app/"),
        ([], "http://host/app/"),
    ],
)
def test_paths_that_begin_with_the_base_urls_own_are_not_below_it(paths: list[str], base: str) -> None:
    assert drop_path("http://host/app/", paths) == base
    assert drop_path("http://host/", paths) == "http://host/"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:secret@host:6379/0", "redis://:***@host:6379/0"),
        ("redis://user:p@ss@host/0", "redis://user:***@host/0"),
        ("redis://host/0?password=secret", "redis://host/0"),
        ("http://t0ken@host/a#b", "http://***@host/a"),
        ("http://t0ken:@host/a", "http://***@host/a"),
        ("http://[::1", "the address given"),
    ],
)
def test_a_message_shows_no_password(url: str, shown: str) -> None:
    assert show(url) == shown


def test_the_part_that_names_the_server() -> None:
    assert show_server("http://u:secret@host:81/a/b?c") == "http://u:***@host:81"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("localhost:80", "'localhost:80'"),
        ("htps://h/a?api_key=s3cret", "'htps://h/a'"),
        ("htps://h/a#token=s3cret", "'htps://h/a'"),
        ("htps://ada:s3cret@h/a?mail=s3cret", "'htps://***@h/a'"),
        ("ada:s3//s3cret@h", "'***@h'"),
        ("//s3cret?@h", "'//***@h'"),
        ("/a;token=s3cret", "'/a;token=***'"),
        ("x" * 100, repr("x" * 80)),
    ],
)
def test_a_message_about_what_is_no_url_shows_neither_password_nor_query(given: str, shown: str) -> None:
    assert show_wrong(given) == shown

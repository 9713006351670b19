from __future__ import annotations

import pytest

from profcov.playback.client.address import drop_path, find_origin, join


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

from __future__ import annotations

import pytest

from profcov.playback.masking.urls import show, show_server, show_wrong


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

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profcov.errors import InvalidSlugError, ProfcovError
from profcov.slug import parse_slug


@pytest.mark.parametrize("text", ["a", "7", "us-small_wbt.v2", "A" * 100, "x.coverag", "coverage", "a.json", "x..y"])
def test_these_are_slugs(text: str) -> None:
    assert parse_slug(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "-a", ".a", "_a", "a b", "a/b", "../a", "a\\b", "a\0", "a\n", "\na", "a\r\nX-Evil: 1"),
        *("é", "a\u0661", "\uff41", "a%2f", "a" * 101, "a.coverage", "a.coverage.b", "a.coverage.host.1.2"),
    ],
)
def test_these_are_not(text: str) -> None:
    with pytest.raises(InvalidSlugError) as caught:
        parse_slug(text)
    assert caught.value.text == text
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, ProfcovError)


def test_the_message_stays_short_however_long_the_text_is() -> None:
    with pytest.raises(InvalidSlugError) as caught:
        parse_slug("/" * 1_000_000)
    assert len(str(caught.value)) < 400


@given(st.text())
def test_a_text_is_a_slug_by_the_rule_or_is_refused(text: str) -> None:
    allowed = set(string.ascii_letters + string.digits + "._-")
    by_rule = (
        1 <= len(text) <= 100
        and set(text) <= allowed
        and text[0] in string.ascii_letters + string.digits
        and ".coverage" not in text
    )
    try:
        assert parse_slug(text) == text
    except InvalidSlugError:
        assert not by_rule
    else:
        assert by_rule

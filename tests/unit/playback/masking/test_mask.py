from __future__ import annotations

import pytest

from profcov.playback.masking.mask import Mask


def test_secrets_are_hidden_wherever_they_stand() -> None:
    mask = Mask()
    mask.add("s3cret-value", "other")
    assert mask.hide("got 's3cret-value' and an other") == "got '***' and an ***"


def test_a_secret_within_another_does_not_leave_the_rest_of_it() -> None:
    mask = Mask()
    mask.add("token", "token-and-more")
    assert mask.hide("token-and-more") == "***"


def test_a_secret_is_hidden_as_repr_writes_it() -> None:
    mask = Mask()
    mask.add("Bearer a\nb")
    assert mask.hide(repr("Bearer a\nb")) == "'***'"


@pytest.mark.parametrize("header", ["Bearer s3cret", "s3cret", "a=first; b=s3cret; c=last", "b=s3cret"])
def test_what_is_secret_in_a_header_is_hidden_without_the_rest_of_it(header: str) -> None:
    mask = Mask()
    mask.add_header(header)
    assert mask.hide("got s3cret") == "got ***"


def test_what_is_too_short_to_be_a_secret_stays() -> None:
    mask = Mask()
    mask.add("a", "", None)
    assert mask.hide("a cat") == "a cat"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("no secret", "no secret"),
        ("GET /x/pass'w\"ord/y", "GET /x/***/y"),
        (f"got {'pass' + chr(39) + 'w' + chr(34) + 'ord'!r}", "got '***'"),
        ('{"p": "pass\'w\\"ord"}', '{"p": "***"}'),
        ("/x?p=pass%27w%22ord", "/x?p=***"),
        ("the answer is 'it was pass'w...'", "the answer is 'it was ***...'"),
    ],
)
def test_secrets_are_masked_however_they_are_quoted(text: str, masked: str) -> None:
    assert Mask(["", None, "pass'w\"ord"]).hide(text) == masked


def test_a_secret_of_any_length_and_any_character_is_hidden_at_once() -> None:
    long = "x" * 1_000_000
    assert (
        Mask([long, "half \ud800 of a pair"]).hide(f"got {long[:300]}... and half \ud800 of a pair")
        == "got ***... and ***"
    )

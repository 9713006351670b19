from __future__ import annotations

import time

import itsdangerous
import pytest

from profcov.wire.signature import is_signed, sign

SECRET = "a secret that is long enough"


def test_a_token_is_good_for_its_slug_secret_and_age_only() -> None:
    token = sign("demo", SECRET)
    assert is_signed("demo", token, SECRET, 60)
    assert not is_signed("other", token, SECRET, 60)
    assert not is_signed("demo", token, SECRET + "!", 60)
    assert not is_signed("demo", None, SECRET, 60)


def test_a_token_has_a_limited_age(monkeypatch: pytest.MonkeyPatch) -> None:
    token = sign("demo", SECRET)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    assert is_signed("demo", token, SECRET, 70)
    assert not is_signed("demo", token, SECRET, 60)
    monkeypatch.setattr(time, "time", lambda: now - 3600)
    assert not is_signed("demo", token, SECRET, 60)  # from the future


@pytest.mark.parametrize(("ahead", "accepted"), [(1, True), (5, True), (6, False), (3600, False)])
def test_a_token_of_a_host_whose_clock_is_up_to_five_seconds_ahead_is_good(
    monkeypatch: pytest.MonkeyPatch, ahead: int, accepted: bool
) -> None:
    here = 1_700_000_000
    monkeypatch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda _: here + ahead)
    token = sign("demo", SECRET)
    monkeypatch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda _: here)
    assert is_signed("demo", token, SECRET, 60) is accepted


@pytest.mark.parametrize("place", range(0, 40, 3))
def test_a_token_that_was_tampered_with_is_refused(place: int) -> None:
    token = sign("demo", SECRET)
    place %= len(token)
    changed = token[:place] + ("x" if token[place] != "x" else "y") + token[place + 1 :]
    assert not is_signed("demo", changed, SECRET, 60)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "demo", "demo.", "demo.x.y", "\xff\x00", "demo." + "A" * 10_000, "\n"]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert not is_signed("demo", token, SECRET, 60)


def test_slugs_with_dots_are_signed_too() -> None:
    assert is_signed("a.b.c", sign("a.b.c", SECRET), SECRET, 60)
    assert not is_signed("a.b", sign("a.b.c", SECRET), SECRET, 60)

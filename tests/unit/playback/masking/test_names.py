from __future__ import annotations

import pytest

from profcov.playback.masking.names import has_secret_name, is_secret_name


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "user_password",
        "Passwd",
        "pwd",
        "user_pass",
        "token",
        "access-token",
        "X-CSRFToken",
        "csrfmiddlewaretoken",
        "api_key",
        "apikey",
        "X-Api-Key",
        "client_secret",
        "Authorization",
        "Proxy-Authorization",
        "session_id",
        "sid",
        "jwt",
        "bearer",
        "sig",
        "Cookie",
        "Set-Cookie",
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    ["name", "author", "passenger", "key", "monkey", "compass", "Accept", "side", "max_tokens", "design", "sigma"],
)
def test_other_names_are_no_secrets(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "has_one"),
    [("data.access_token", True), ("header X-Api-Key", True), ("'user.name'", False), ("sum(max_tokens)", False)],
)
def test_a_name_among_other_words_is_known(text: str, has_one: bool) -> None:
    assert has_secret_name(text) is has_one

from __future__ import annotations

import pytest

from profcov.web.routes import name_method


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("GET", "GET"),
        ("PATCH", "PATCH"),
        ("PROPFIND", "PROPFIND"),
        ("get", "GET"),
        ("GETX", "OTHER"),
        ("M17", "OTHER"),
        ("", "OTHER"),
        ("\xc3\x84", "OTHER"),
    ],
)
def test_a_method_that_a_client_has_invented_is_another(method: str, name: str) -> None:
    assert name_method(method) == name

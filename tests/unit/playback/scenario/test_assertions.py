"""What a profile asserts, as texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.playback.loading import load
from profcov.playback.scenario.assertions import list_assertions

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PROFILE = """
slug: shop
variables:
  password: {env: SHOP_PASSWORD}
steps:
- name: step a
  request: {path: /login, method: POST, form: {password: "{password}"}}
  expect:
    status: [200, 303]
    headers: {Location: /home}
    text: correct horse
- name: step b
  request: {path: /items, query: {b: 2, a: 1}}
  expect:
    json: {total: 3}
    jmespath: {"items[0].name": tea}
    duration: 1.5
- name: step c
  request: {path: /job}
  wait: {path: /job, until: done}
- name: step d
  request: {path: /job}
"""


def test_each_expectation_of_each_step_is_one_text_and_secrets_are_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "correct horse")
    path = tmp_path / "shop.yaml"
    path.write_text(PROFILE)
    assert list_assertions(load(path).profile) == [
        "POST /login: status 200 or 303",
        "POST /login: header Location: /home",
        'POST /login: text "***"',
        "GET /items?a=1&b=2: status 200 to 299",
        'GET /items?a=1&b=2: json {"total": 3}',
        'GET /items?a=1&b=2: items[0].name = "tea"',
        "GET /items?a=1&b=2: at most 1.5 s",
        "GET /job: status 200 to 299",
        "GET /job: in the end done",
    ]

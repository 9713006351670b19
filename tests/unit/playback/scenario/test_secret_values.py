from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from profcov.errors import ProfileFormatError
from profcov.playback.formats.reader import load_profile
from profcov.playback.scenario.secret_values import read_secrets

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.playback.scenario.model import Profile


def profile(folder: Path, variables: str, **given: str) -> Profile:
    path = folder / "shop.yaml"
    path.write_text(f"slug: shop\nvariables: {variables}\nsteps: [{{name: a, request: {{path: '/{{password}}'}}}}]\n")
    return load_profile(path, given)


def test_a_secret_is_the_environments_unless_the_command_line_gives_it(tmp_path: Path) -> None:
    shop = profile(tmp_path, "{password: {env: SHOP_PASSWORD}, user: ada}")
    assert dict(shop.variables) == {"user": "ada"}
    assert read_secrets(shop, {"SHOP_PASSWORD": "a b"}) == {"password": "a b"}
    assert read_secrets(shop, {"SHOP_PASSWORD": ""}) == {"password": ""}
    given = profile(tmp_path, "{password: {env: SHOP_PASSWORD}}", password="mine")
    assert read_secrets(given, {"SHOP_PASSWORD": "a b"}) == {"password": "mine"}


def test_a_secret_that_is_not_set_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(ProfileFormatError) as refused:
        read_secrets(profile(tmp_path, "{password: {env: SHOP_PASSWORD}}"), {})
    assert str(refused.value) == (
        f"{tmp_path / 'shop.yaml'}: line 2, column 23: variables.password: the environment has no SHOP_PASSWORD: set it, "
        "it is kept out of messages and reports"
    )


def test_all_secrets_that_are_not_set_are_named(tmp_path: Path) -> None:
    variables = "{password: {env: SHOP_PASSWORD}, key: {env: SHOP_KEY}, token: {env: SHOP_TOKEN}}"
    with pytest.raises(ProfileFormatError) as refused:
        read_secrets(profile(tmp_path, variables), {"SHOP_KEY": "k"})
    assert re.findall(r"the environment has no (\w+)", str(refused.value)) == ["SHOP_PASSWORD", "SHOP_TOKEN"]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ("{password: {env: 'A B'}}", "variables.password.env: not the name of an environment variable"),
        ("{password: {}}", "variables.password.env: missing"),
        ("{password: {file: x}}", "variables.password.file: unknown key"),
    ],
)
def test_a_wrong_secret_is_refused(tmp_path: Path, variables: str, sentence: str) -> None:
    with pytest.raises(ProfileFormatError, match=sentence):
        profile(tmp_path, variables)

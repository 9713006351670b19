from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from profcov.playback.loading import load_profiles

PROFILES = sorted(Path(str(files("profcov.demo") / "profiles")).glob("*.yaml"))


def test_every_profile_fits_the_format_and_is_named_as_its_file() -> None:
    profiles = load_profiles(PROFILES)
    assert [profile.slug for profile in profiles] == [path.stem for path in PROFILES]
    assert len(profiles) >= 7
    assert all(profile.description for profile in profiles)


def test_profiles_differ_in_what_they_ask_for() -> None:
    asked = {}
    for profile in load_profiles(PROFILES):
        asked[profile.slug] = [
            (step.request.method, step.request.path, str(step.request.json)) for step in profile.steps
        ]
    assert len({str(requests) for requests in asked.values()}) == len(asked)


@pytest.mark.parametrize("method", ["topaz", "wbt", "daymet", "stochastic", "storm"])
def test_each_method_is_used_by_some_profiles_and_not_by_all(method: str) -> None:
    users = [path.stem for path in PROFILES if f"method: {method}" in path.read_text()]
    assert users
    assert len(users) < len(PROFILES) - 1  # one more than the profile of bad input does not

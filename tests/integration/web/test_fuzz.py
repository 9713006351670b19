"""Whatever a request carries, nothing breaks: hostile values in header, baggage and cookie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

APPS = Path(__file__).parent / "apps"
HOW_MANY, EACH_TIME = 100_000, 20_000
"""Requests with ``--full``, and without."""
SETTINGS: dict[str, dict[str, str]] = {
    "open": {},
    "guarded": {"PROFILE_COVERAGE_SECRET": "s" * 20, "PROFILE_COVERAGE_ALLOW": "valid-1*"},
}


@pytest.mark.parametrize("settings", SETTINGS)
def test_hostile_values_change_no_answer_and_write_nothing_elsewhere(
    tmp_path: Path, environ_for: Callable[..., dict[str, str]], tell_of: Any, pytestconfig: pytest.Config, settings: str
) -> None:
    how_many = HOW_MANY if pytestconfig.getoption("--full") else EACH_TIME
    words = [str(APPS / "fuzz.py"), str(how_many), "1"]
    told = tell_of(words, tmp_path, environ_for(tmp_path, APPS, **SETTINGS[settings]), 120)
    assert sum(told["said"].values()) == how_many
    if settings == "open":
        assert set(told["said"]) == {"traced", "rejected; invalid slug", "rejected; too many profiles", "none"}
        assert told["slugs"] == 256
    else:
        assert set(told["said"]) == {"rejected; signature", "rejected; invalid slug", "none"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "measured.ini"][settings == "guarded" :]

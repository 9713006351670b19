"""Figures as text."""

from __future__ import annotations

import pytest

from profcov.reading.report.text import plural, tenths


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 3, "0.0"), (1, 9999, "0.1"), (9, 16, "56.3"), (2, 3, "66.7"), (9998, 9999, "99.9"), (3, 3, "100.0")],
)
def test_only_all_is_100_and_only_nothing_is_0_percent_and_halves_go_up_as_in_the_dashboard(
    part: int, whole: int, shown: str
) -> None:
    assert tenths(100 * part / whole) == shown


def test_one_thing_is_no_plural() -> None:
    assert [plural(number, "file") for number in (0, 1, 1000)] == ["0 files", "1 file", "1,000 files"]

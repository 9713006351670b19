"""Small grids whose answers can be told by looking at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profcov.demo.watershed.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def make_grid() -> Callable[..., Grid]:
    """Make a grid of 10 m cells from rows of elevations."""

    def make(*rows: str, cell_size: float = 10.0) -> Grid:
        values = [row.split() for row in rows]
        heights = {(row, col): float(value) for row, line in enumerate(values) for col, value in enumerate(line)}
        return Grid(heights, len(rows), len(values[0]), cell_size)

    return make


@pytest.fixture(scope="session")
def fork(make_grid: Callable[..., Grid]) -> Grid:
    """Two arms of a valley, from the corners at the top, that meet in the middle and leave at the bottom."""
    return make_grid(
        "30 40 50 60 50 40 31",
        "36 26 38 48 38 27 36",
        "40 32 22 30 23 32 40",
        "44 36 28 18 28 36 44",
        "42 34 26 14 26 34 42",
        "40 32 24 10 24 32 40",
        "38 30 22  6 22 30 38",
    )

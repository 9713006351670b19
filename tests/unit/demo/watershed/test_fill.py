from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profcov.demo.watershed.fill import EPSILON, count_raised, fill_depressions
from profcov.demo.watershed.flow import steepest
from profcov.demo.watershed.grid import AROUND, read_grid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from profcov.demo.watershed.grid import Grid


def test_a_pit_rises_to_its_lowest_outlet(make_grid: Callable[..., Grid]) -> None:
    grid = make_grid("9 9 9 9", "9 1 5 4", "9 9 9 9")
    filled = fill_depressions(grid)
    assert filled[1, 1] == pytest.approx(5 + EPSILON)
    assert filled[1, 2] == 5
    assert count_raised(grid, filled) == 1


def test_ground_without_pits_stays_as_it_is(fork: Grid) -> None:
    assert fill_depressions(fork) == fork


def test_every_inner_cell_of_the_demo_s_grid_has_a_way_down_after_filling(data: Path) -> None:
    grid = read_grid((data / "dem.asc").read_text())
    inner = [cell for cell in grid.cells() if len(grid.neighbours(cell)) == AROUND]
    stuck = [cell for cell in inner if steepest(grid, cell)[0] is None]
    filled = fill_depressions(grid)
    assert stuck  # or the test shows nothing
    assert all(steepest(filled, cell)[0] is not None for cell in inner)
    assert all(filled[cell] >= grid[cell] for cell in grid.cells())

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from profcov.demo.watershed.fill import fill_depressions
from profcov.demo.watershed.flow import MIN_SLOPE, Flow, find_flow
from profcov.demo.watershed.grid import read_grid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from profcov.demo.watershed.grid import Grid


def test_water_takes_the_steepest_way_down_not_the_lowest_neighbour(make_grid: Callable[..., Grid]) -> None:
    # South-east is 11 lower but 14.1 m away (0.78); south is 10 lower in 10 m (1.0).
    flow = find_flow(make_grid("30 40 40", "40 20 39", "40 10 9"))
    assert flow.receiver[1, 1] == (2, 1)
    assert flow.slope[1, 1] == pytest.approx(1.0)
    assert flow.receiver[0, 0] == (1, 1)
    assert flow.slope[0, 0] == pytest.approx(10 / (10 * 2**0.5))


def test_water_leaves_the_grid_at_the_lowest_cell(make_grid: Callable[..., Grid]) -> None:
    flow = find_flow(make_grid("3 2 1", "3 2 1", "3 2 0"))
    assert flow.receiver[2, 2] is None
    assert flow.slope[2, 2] == MIN_SLOPE


def test_accumulation_counts_the_cells_above(make_grid: Callable[..., Grid]) -> None:
    # Columns drain north, and the first row then drains east.
    flow = find_flow(make_grid("5 4 3 2 1", "9 8 7 6 5", "20 19 18 17 16"))
    assert [flow.area[0, col] for col in range(5)] == [3, 6, 9, 12, 15]
    assert [flow.area[1, col] for col in range(5)] == [2] * 5


def test_no_water_is_lost_or_made_on_the_demo_s_grid(data: Path) -> None:
    grid = fill_depressions(read_grid((data / "dem.asc").read_text()))
    flow = find_flow(grid)
    outlets = [cell for cell, target in flow.receiver.items() if target is None]
    assert sum(flow.area[cell] for cell in outlets) == len(grid.cells())
    for cell, donors in flow.donors().items():
        assert flow.area[cell] == 1 + sum(flow.area[donor] for donor in donors)


def test_every_cell_comes_after_all_that_drain_to_it(fork: Grid) -> None:
    flow = find_flow(fork)
    place = {cell: number for number, cell in enumerate(flow.order)}
    assert sorted(place) == fork.cells()
    assert all(place[cell] < place[target] for cell, target in flow.receiver.items() if target is not None)


def test_flow_in_json_reads_back_the_same(fork: Grid) -> None:
    flow = find_flow(fork)
    assert Flow.from_json(json.loads(json.dumps(flow.to_json()))) == flow

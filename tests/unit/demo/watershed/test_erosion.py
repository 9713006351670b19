from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from profcov.demo.watershed.erosion import (
    DELIVERY_RATE,
    Factors,
    Terrain,
    delivery_ratio,
    erode_cells,
    length_power,
    slope_length_factor,
    steepness_factor,
)
from profcov.demo.watershed.flow import find_flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.demo.watershed.grid import Grid

STRIP = ["14 13 12 11 10"] * 3


@pytest.fixture
def terrain(make_grid: Callable[..., Grid]) -> Terrain:
    """Three strips side by side, falling 1 m in 10 m to the east; the last column is channel."""
    grid = make_grid(*STRIP)
    return Terrain(grid, find_flow(grid), frozenset({(0, 4), (1, 4), (2, 4)}))


def test_loss_of_a_cell_is_the_product_of_the_usle_s_factors(terrain: Terrain) -> None:
    (loss,) = erode_cells(terrain, 100.0, {(1, 1): Factors(0.03, 0.2, 0.5)}, [(1, 1)])
    assert loss.gross == pytest.approx(100 * 0.03 * 0.2 * 0.5 * slope_length_factor(terrain, (1, 1)))
    assert loss.delivered == pytest.approx(loss.gross * delivery_ratio(terrain, (1, 1)))


def test_ls_of_the_first_cell_is_that_of_a_slope_as_long_as_the_cell(terrain: Terrain) -> None:
    power = length_power(0.1)
    assert slope_length_factor(terrain, (1, 0)) == pytest.approx((10 / 22.13) ** power * steepness_factor(0.1))


def test_mean_ls_of_a_strip_is_that_of_the_whole_slope(terrain: Terrain) -> None:
    # Desmet and Govers' formula is the plain one, cut into cells: four cells make a slope of 40 m.
    mean = sum(slope_length_factor(terrain, (1, col)) for col in range(4)) / 4
    assert mean == pytest.approx((40 / 22.13) ** length_power(0.1) * steepness_factor(0.1))


def test_steepness_is_one_on_the_plot_of_nine_percent() -> None:
    assert steepness_factor(0.0899) == pytest.approx(1.0, abs=0.01)
    assert steepness_factor(0.3) == pytest.approx(16.8 * math.sin(math.atan(0.3)) - 0.5)


def test_sediment_settles_on_its_way_to_the_channel(terrain: Terrain) -> None:
    ratios = [delivery_ratio(terrain, (1, col)) for col in range(5)]
    assert ratios == sorted(ratios)
    assert ratios[4] == 1.0
    assert ratios[3] == pytest.approx(math.exp(-DELIVERY_RATE * 10 / math.sqrt(0.1)))
    assert ratios[0] == pytest.approx(ratios[3] ** 4)


def test_without_a_channel_sediment_goes_to_the_border(make_grid: Callable[..., Grid]) -> None:
    grid = make_grid(*STRIP)
    assert delivery_ratio(Terrain(grid, find_flow(grid), frozenset()), (1, 0)) > 0


def test_burnt_bare_ground_loses_more_by_as_much_as_its_factors(terrain: Terrain) -> None:
    cells = [(1, 0), (1, 1)]
    green = erode_cells(terrain, 100, dict.fromkeys(cells, Factors(0.03, 0.002, 1)), cells)
    bare = erode_cells(terrain, 100, dict.fromkeys(cells, Factors(0.03, 0.2, 1)), cells)
    assert [one.gross * 100 for one in green] == pytest.approx([one.gross for one in bare])

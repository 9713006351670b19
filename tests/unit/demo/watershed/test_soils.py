from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profcov.demo.watershed.soils import classify_texture, erodibility, map_soils

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.demo.watershed.grid import Grid


@pytest.mark.parametrize(
    ("sand", "silt", "clay", "texture"),
    [
        (92, 5, 3, "sand"),
        (82, 12, 6, "loamy sand"),
        (65, 25, 10, "sandy loam"),
        (40, 40, 20, "loam"),
        (20, 65, 15, "silt loam"),
        (8, 87, 5, "silt"),
        (60, 13, 27, "sandy clay loam"),
        (32, 34, 34, "clay loam"),
        (10, 56, 34, "silty clay loam"),
        (52, 6, 42, "sandy clay"),
        (6, 47, 47, "silty clay"),
        (20, 20, 60, "clay"),
    ],
)
def test_texture_is_that_of_the_usda_triangle(sand: int, silt: int, clay: int, texture: str) -> None:
    assert classify_texture(sand, silt, clay) == texture


def test_silt_erodes_more_than_sand_and_carbon_holds_it() -> None:
    assert erodibility(20, 65, 15, 1.0) > 1.5 * erodibility(85, 10, 5, 1.0)
    assert erodibility(20, 65, 15, 3.0) < erodibility(20, 65, 15, 0.5)


def test_erodibility_of_a_silt_loam_is_that_of_the_formula() -> None:
    # By hand: coarse sand 0.2 + 0.3 e^-1.792, fine (65/80)^0.3, carbon 1 - 0.375/1.99411; hardly any sand left to count.
    assert erodibility(20, 65, 15, 1.5) == pytest.approx(0.1317 * 0.24999 * 0.93961 * 0.81195, rel=1e-4)


def test_soil_follows_the_slope_from_silt_to_sand(fork: Grid) -> None:
    soils = {soil.cell: soil for soil in map_soils(fork, fork.cells())}
    assert soils[6, 3].sand == 18.0
    assert soils[0, 3].sand == 62.0
    assert soils[0, 3].texture == "sandy loam"
    for soil in soils.values():
        assert soil.sand + soil.silt + soil.clay == pytest.approx(100)
        assert 0.005 < soil.k < 0.08


def test_level_ground_has_the_soil_of_the_valley(make_grid: Callable[..., Grid]) -> None:
    grid = make_grid("5 5 5", "5 5 5", "5 5 5")
    assert {soil.sand for soil in map_soils(grid, grid.cells())} == {18.0}

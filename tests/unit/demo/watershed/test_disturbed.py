from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profcov.demo.watershed.disturbed import BURNS, Fire, burn_severity, burned_cover, disturb_soils
from profcov.demo.watershed.soils import erodibility, map_soils

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.demo.watershed.grid import Grid

FLAT = ["5 " * 11] * 3


def test_severity_falls_with_the_way_from_the_start(make_grid: Callable[..., Grid]) -> None:
    grid = make_grid(*FLAT)
    severities = [burn_severity(grid, Fire((1, 0), radius_m=100), (1, col)) for col in range(11)]
    assert severities == ["high"] * 5 + ["moderate"] * 3 + ["low"] * 2 + ["unburned"]


def test_fire_goes_farther_uphill(make_grid: Callable[..., Grid]) -> None:
    slope = make_grid(*["0 4 8 12 16 20 24"] * 3)
    fire = Fire((1, 3), radius_m=40)
    assert burn_severity(slope, fire, (1, 6)) == "moderate"
    assert burn_severity(slope, fire, (1, 0)) == "unburned"


def test_burned_soil_has_less_carbon_and_a_higher_k(make_grid: Callable[..., Grid]) -> None:
    grid = make_grid(*FLAT)
    before = map_soils(grid, grid.cells())
    after = disturb_soils(grid, before, Fire((1, 0), radius_m=50))
    burned = after[0]
    assert burned.severity == "high"
    assert burned.carbon == pytest.approx(before[0].carbon * 0.25)
    assert burned.k == pytest.approx(1.5 * erodibility(burned.sand, burned.silt, burned.clay, burned.carbon))
    assert after[10] == before[10]  # too far away
    assert burned.texture == before[0].texture


def test_fire_never_improves_the_cover() -> None:
    assert burned_cover("high", 0.002) == BURNS["high"].cover_c
    assert burned_cover("low", 0.2) == 0.2
    assert burned_cover("unburned", 0.002) == 0.002

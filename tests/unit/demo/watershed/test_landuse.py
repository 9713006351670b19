from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profcov.demo.watershed.delineate import Delineation, delineate
from profcov.demo.watershed.flow import find_flow
from profcov.demo.watershed.landuse import choose_cover, map_landuse, practice_factor

if TYPE_CHECKING:
    from profcov.demo.watershed.grid import Grid


@pytest.mark.parametrize(("slope", "cover"), [(0.05, "crop"), (0.15, "pasture"), (0.4, "forest")])
def test_steeper_land_has_better_cover(slope: float, cover: str) -> None:
    assert choose_cover(slope, is_riparian=False) == cover
    assert choose_cover(slope, is_riparian=True) == "riparian"


@pytest.mark.parametrize(
    ("practice", "slope", "factor"),
    [("none", 0.05, 1.0), ("contour", 0.08, 0.5), ("strips", 0.05, 0.25), ("contour", 0.18, 0.8), ("strips", 0.5, 1.0)],
)
def test_practice_helps_most_on_gentle_slopes(practice: str, slope: float, factor: float) -> None:
    assert practice_factor(practice, slope) == factor


def test_every_cell_has_a_use_and_channels_are_lined(fork: Grid) -> None:
    flow = find_flow(fork)
    watershed = delineate(fork, flow, Delineation("wbt", area_ha=0.04))
    uses = {use.cell: use for use in map_landuse(fork, flow, watershed, "contour")}
    assert sorted(uses) == watershed.cells
    assert {uses[cell].cover for cell in watershed.channels} == {"riparian"}
    assert uses[5, 2].cover == "riparian"
    assert uses[5, 0].cover == "forest"  # 0.8 m/m
    assert all(use.p == 1.0 for use in uses.values() if use.cover != "crop")

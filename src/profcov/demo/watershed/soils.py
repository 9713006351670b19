"""Soils: the texture of each cell by its place on the slope, and its erodibility."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import repeat
from operator import add, mul, sub
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from profcov.demo.watershed.grid import Cell, Grid


class Soil(NamedTuple):
    """The soil of a cell: sand, silt, clay and organic carbon in percent, ``k`` of the USLE in t ha h ha-1 MJ-1 mm-1."""

    cell: Cell
    sand: float
    silt: float
    clay: float
    carbon: float
    k: float
    severity: str = "unburned"

    @property
    def texture(self) -> str:
        """The class in the USDA's texture triangle."""
        return classify_texture(self.sand, self.silt, self.clay)


_CLASSES: Final[tuple[tuple[str, Callable[[float, float, float], bool]], ...]] = (
    ("sand", lambda _, silt, clay: silt + 1.5 * clay < 15),
    ("loamy sand", lambda _, silt, clay: silt + 2 * clay < 30),
    ("sandy loam", lambda sand, silt, clay: (clay < 20 and sand > 52) or (clay < 7 and silt < 50)),
    ("loam", lambda sand, silt, clay: clay < 27 and 28 <= silt < 50 and sand <= 52),
    ("silt", lambda _, silt, clay: silt >= 80 and clay < 12),
    ("silt loam", lambda _, silt, clay: silt >= 50 and clay < 27),
    ("sandy clay loam", lambda sand, silt, clay: clay < 35 and silt < 28 and sand > 45),
    ("clay loam", lambda sand, _, clay: clay < 40 and 20 < sand <= 45),
    ("silty clay loam", lambda sand, _, clay: clay < 40 and sand <= 20),
    ("sandy clay", lambda sand, _, __: sand > 45),
    ("silty clay", lambda _, silt, __: silt >= 40),
)

# Place on the slope, 0 the lowest to 1 the highest; sand, silt, clay and organic carbon there, in percent.
_CATENA: Final = (
    (0.0, (18.0, 56.0, 26.0, 2.6)),
    (0.3, (22.0, 58.0, 20.0, 2.1)),
    (0.6, (36.0, 48.0, 16.0, 1.5)),
    (1.0, (62.0, 27.0, 11.0, 0.8)),
)
_MARKS: Final = [mark for mark, _ in _CATENA]


def classify_texture(sand: float, silt: float, clay: float) -> str:
    """Return the USDA texture class of a soil whose three parts, in percent, add up to 100."""
    for name, fits in _CLASSES:
        if fits(sand, silt, clay):
            return name
    return "clay"


def erodibility(sand: float, silt: float, clay: float, carbon: float) -> float:
    """Return K in t ha h ha-1 MJ-1 mm-1, after Williams (EPIC, 1995)."""
    rest = 1 - sand / 100
    coarse = 0.2 + 0.3 * math.exp(-0.256 * sand * (1 - silt / 100))
    fine: float = (silt / (clay + silt)) ** 0.3
    organic = 1 - 0.25 * carbon / (carbon + math.exp(3.72 - 2.95 * carbon))
    sandy = 1 - 0.7 * rest / (rest + math.exp(-5.51 + 22.9 * rest))
    return 0.1317 * coarse * fine * organic * sandy


def map_soils(grid: Grid, cells: Sequence[Cell]) -> list[Soil]:
    """Return the soil of each cell: silt gathers in the valley, sand stays on the ridge."""
    heights = [grid.heights[cell] for cell in cells]
    lowest = min(heights)
    relief = max(heights) - lowest or 1.0
    soils = []
    for cell, height in zip(cells, heights, strict=True):
        sand, silt, clay, carbon = _at_height((height - lowest) / relief)
        soils.append(Soil(cell, sand, silt, clay, carbon, erodibility(sand, silt, clay, carbon)))
    return soils


def _at_height(height: float) -> tuple[float, ...]:
    """Return the soil between the two of the catena that ``height`` lies between."""
    above = max(1, bisect_left(_MARKS, height))
    (low, lower), (high, upper) = _CATENA[above - 1], _CATENA[above]
    part = (height - low) / (high - low)
    return tuple(map(add, lower, map(mul, map(sub, upper, lower), repeat(part))))

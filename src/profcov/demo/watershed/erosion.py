"""Soil loss of each cell by the USLE, and how much of it reaches a channel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from profcov.demo.watershed.flow import Flow
    from profcov.demo.watershed.grid import Cell, Grid

PLOT_M: Final = 22.13
"""The length of the plots that the USLE was made from."""

MAX_LENGTH_M: Final = 300.0
"""Beyond this, water gathers in rills that are no longer sheet flow."""

DELIVERY_RATE: Final = 0.0015
"""How fast sediment settles, for each metre over the root of the slope (after Ferro and Minacapilli, 1995)."""


class Factors(NamedTuple):
    """K, C and P of one cell."""

    k: float
    c: float
    p: float


class Loss(NamedTuple):
    """What a cell loses, and what of that reaches a channel, in t/ha a year (or a storm)."""

    cell: Cell
    gross: float
    delivered: float


@dataclass(frozen=True, slots=True)
class Terrain:
    """The ground under a hillslope: the grid with its flow, and which cells are channels."""

    grid: Grid
    flow: Flow
    channels: Collection[Cell]


def erode_cells(terrain: Terrain, erosivity: float, factors: dict[Cell, Factors], cells: Sequence[Cell]) -> list[Loss]:
    """Return the loss of each cell: A = R K LS C P, and the part of it that is delivered."""
    losses = []
    for cell in cells:
        k, c, p = factors[cell]
        gross = erosivity * k * slope_length_factor(terrain, cell) * c * p
        losses.append(Loss(cell, gross, gross * delivery_ratio(terrain, cell)))
    return losses


def slope_length_factor(terrain: Terrain, cell: Cell) -> float:
    """Return LS: the length by Desmet and Govers (1996) from the area above the cell, the steepness by McCool (1987)."""
    size, slope = terrain.grid.cell_size, terrain.flow.slope[cell]
    above = min((terrain.flow.area[cell] - 1) * size, MAX_LENGTH_M) * size
    target = terrain.flow.receiver[cell] or cell
    is_diagonal = target[0] != cell[0] and target[1] != cell[1]
    width = math.sqrt(2) if is_diagonal else 1.0
    power = length_power(slope)
    grown: float = (above + size**2) ** (power + 1) - above ** (power + 1)
    plot: float = size ** (power + 2) * width**power * PLOT_M**power
    return grown / plot * steepness_factor(slope)


def length_power(slope: float) -> float:
    """Return the power of the slope's length, which grows with the share of rill erosion (Foster, 1977)."""
    sine = math.sin(math.atan(slope))
    rills: float = (sine / 0.0896) / (3 * sine**0.8 + 0.56)
    return rills / (1 + rills)


def steepness_factor(slope: float) -> float:
    """Return S of a slope in m/m (McCool and others, 1987)."""
    sine = math.sin(math.atan(slope))
    return 10.8 * sine + 0.03 if slope < 0.09 else 16.8 * sine - 0.5


def delivery_ratio(terrain: Terrain, cell: Cell) -> float:
    """Return the part of a cell's sediment that reaches a channel, 0 to 1: it falls with the way and rises with its slope."""
    travel, here, size = 0.0, cell, terrain.grid.cell_size
    while here not in terrain.channels:
        target = terrain.flow.receiver[here]
        if target is None:
            break
        travel += size * math.dist(here, target) / math.sqrt(terrain.flow.slope[here])
        here = target
    return math.exp(-DELIVERY_RATE * travel)

"""Fire: how severely each cell burned, and what that does to its soil and cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from profcov.demo.watershed.soils import Soil, erodibility

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.demo.watershed.grid import Cell, Grid


class Burn(NamedTuple):
    """What a severity leaves: the part of the organic carbon, how many times K grows, and C of the USLE in the first year."""

    carbon_left: float
    k_times: float
    cover_c: float


BURNS: Final = {
    "low": Burn(0.90, 1.05, 0.01),
    "moderate": Burn(0.60, 1.20, 0.05),
    "high": Burn(0.25, 1.50, 0.20),
}


@dataclass(frozen=True, slots=True)
class Fire:
    """A fire that started at a cell and went out ``radius_m`` metres from it, farther uphill."""

    start: Cell
    radius_m: float = 240.0


def burn_severity(grid: Grid, fire: Fire, cell: Cell) -> str:
    """Return unburned, low, moderate or high. Ten metres of climb bring the fire as much nearer as ten metres of way."""
    climb = grid[cell] - grid[fire.start]
    heat = 1 - (grid.distance(cell, fire.start) - max(-30.0, min(30.0, climb))) / fire.radius_m
    if heat <= 0:
        return "unburned"
    if heat < 0.3:
        return "low"
    return "moderate" if heat < 0.6 else "high"


def disturb_soils(grid: Grid, soils: Sequence[Soil], fire: Fire) -> list[Soil]:
    """Return the soils as the fire leaves them: less carbon, and above that a crust that sheds water."""
    disturbed = []
    for soil in soils:
        severity = burn_severity(grid, fire, soil.cell)
        burn = BURNS.get(severity)
        if burn is None:
            disturbed.append(soil)
        else:
            carbon = soil.carbon * burn.carbon_left
            k = erodibility(soil.sand, soil.silt, soil.clay, carbon) * burn.k_times
            disturbed.append(soil._replace(carbon=carbon, k=k, severity=severity))
    return disturbed


def burned_cover(severity: str, c: float) -> float:
    """Return C of a cover after a fire; a fire never improves it."""
    burn = BURNS.get(severity)
    return c if burn is None else max(c, burn.cover_c)

"""The choice between the methods of delineation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from profcov.demo.watershed.errors import ModelError
from profcov.demo.watershed.network import Watershed, default_outlet
from profcov.demo.watershed.topaz import delineate_topaz
from profcov.demo.watershed.wbt import delineate_wbt

if TYPE_CHECKING:
    from profcov.demo.watershed.flow import Flow
    from profcov.demo.watershed.grid import Cell, Grid

METHODS: Final = ("topaz", "wbt")


@dataclass(frozen=True, slots=True)
class Delineation:
    """How to delineate: ``area_ha`` starts a channel; lengths are in metres; no outlet means the largest one."""

    method: str = "topaz"
    area_ha: float = 4.0
    outlet: Cell | None = None
    min_length_m: float = 90.0
    snap_m: float = 120.0


def delineate(grid: Grid, flow: Flow, wanted: Delineation) -> Watershed:
    """Delineate a watershed on a grid whose depressions are filled.

    Raises:
        ModelError: there is no such method, the outlet is not on the grid, or no channel drains to it.
    """
    outlet = wanted.outlet or default_outlet(flow)
    if outlet not in grid:
        raise ModelError(f"outlet {list(outlet)}: no data there; the grid has {grid.rows} rows and {grid.cols} columns")
    threshold = max(2, math.ceil(wanted.area_ha * 10_000 / grid.cell_size**2))
    if wanted.method == "topaz":
        watershed = delineate_topaz(grid, flow, outlet, threshold=threshold, min_length=wanted.min_length_m)
    elif wanted.method == "wbt":
        watershed = delineate_wbt(grid, flow, outlet, threshold=threshold, snap=wanted.snap_m)
    else:
        raise ModelError(f"method {wanted.method!r}: expected one of {', '.join(METHODS)}")
    if not watershed.hillslopes:
        raise ModelError(
            f"outlet {list(outlet)}: nothing but channel drains there; raise area_ha, or choose a lower outlet"
        )
    return watershed

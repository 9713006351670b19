"""Where water goes: D8 flow directions and accumulation."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from profcov.demo.watershed.grid import Cell, Grid

MIN_SLOPE: Final = 1e-3
"""The slope in m/m of a cell that water leaves the grid from, and the least of any cell."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Where each cell drains to, in a grid without depressions.

    ``receiver`` is None where water leaves the grid; ``slope`` is in m/m towards the receiver; ``area`` counts the cells that
    drain through a cell, itself included; ``order`` has every cell after all that drain to it.
    """

    receiver: dict[Cell, Cell | None]
    slope: dict[Cell, float]
    area: dict[Cell, int]
    order: tuple[Cell, ...]

    def donors(self) -> dict[Cell, list[Cell]]:
        """Map each cell to those that drain straight into it."""
        found: dict[Cell, list[Cell]] = {cell: [] for cell in self.order}
        for cell in self.order:
            target = self.receiver[cell]
            if target is not None:
                found[target].append(cell)
        return found

    def to_json(self) -> dict[str, list[Any]]:
        """Return what :meth:`from_json` reads: lists in the order of ``order``; receivers by their place in it, or -1."""
        place = dict(zip(self.order, range(len(self.order)), strict=True))
        return {
            "order": [*self.order],
            "receiver": [-1 if (target := self.receiver[cell]) is None else place[target] for cell in self.order],
            "slope": [*map(self.slope.__getitem__, self.order)],
            "area": [*map(self.area.__getitem__, self.order)],
        }

    @classmethod
    def from_json(cls, data: dict[str, list[Any]]) -> Flow:
        """Return the flow that :meth:`to_json` wrote."""
        order: tuple[Cell, ...] = tuple(map(tuple, data["order"]))
        receivers = map((*order, None).__getitem__, data["receiver"])
        slope, area = (dict(zip(order, data[name], strict=True)) for name in ("slope", "area"))
        return cls(dict(zip(order, receivers, strict=True)), slope, area, order)


def find_flow(grid: Grid) -> Flow:
    """Return the D8 flow over a grid whose depressions are filled (O'Callaghan and Mark, 1984)."""
    receiver: dict[Cell, Cell | None] = {}
    slope: dict[Cell, float] = {}
    for cell in grid.cells():
        receiver[cell], slope[cell] = steepest(grid, cell)
    order = sort_downstream(receiver)
    return Flow(receiver, slope, accumulate(receiver, order), order)


def steepest(grid: Grid, cell: Cell) -> tuple[Cell | None, float]:
    """Return the neighbour with the steepest way down, the first of equals, and the slope to it in m/m."""
    others, height, heights, size = grid.neighbours(cell), grid[cell], grid.heights, grid.cell_size
    drops = [(height - heights[other]) / (size * math.dist(cell, other)) for other in others]
    most = max(drops, default=0.0)
    return (others[drops.index(most)] if most > 0 else None), max(most, MIN_SLOPE)


def sort_downstream(receiver: dict[Cell, Cell | None]) -> tuple[Cell, ...]:
    """Return every cell after all that drain to it (Kahn's sort)."""
    waiting = dict.fromkeys(receiver, 0)
    for target in receiver.values():
        if target is not None:
            waiting[target] += 1
    ready = deque(cell for cell, count in waiting.items() if not count)
    order: list[Cell] = []
    while ready:
        cell = ready.popleft()
        order.append(cell)
        target = receiver[cell]
        if target is not None:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return tuple(order)


def accumulate(receiver: dict[Cell, Cell | None], order: tuple[Cell, ...]) -> dict[Cell, int]:
    """Count the cells that drain through each cell, itself included."""
    area = dict.fromkeys(order, 1)
    for cell in order:
        target = receiver[cell]
        if target is not None:
            area[target] += area[cell]
    return area

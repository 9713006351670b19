"""Depressions, filled so that water finds its way out of every cell."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from profcov.demo.watershed.grid import Cell, Grid

EPSILON: Final = 1e-3
"""Metres by which a filled cell lies above the one that it drains to."""


def fill_depressions(grid: Grid) -> Grid:
    """Return the grid with its depressions filled, each with a slight slope to its outlet.

    Priority-Flood+epsilon: Barnes, Lehman and Mulla, Computers & Geosciences 62 (2014), algorithm 3.
    """
    levels: dict[Cell, float] = {}
    flood: list[tuple[float, Cell]] = []
    for cell in grid.cells():
        if grid.is_edge(cell):
            levels[cell] = grid[cell]
            heappush(flood, (levels[cell], cell))
    while flood:
        level, cell = heappop(flood)
        for other in grid.neighbours(cell):
            if other not in levels:
                levels[other] = max(grid[other], level + EPSILON)
                heappush(flood, (levels[other], other))
    return grid.with_elevations(levels)


def count_raised(before: Grid, after: Grid) -> int:
    """Return how many cells filling has raised by more than its slight slope."""
    return sum(after[cell] - before[cell] > EPSILON for cell in before.cells())

"""Depressions, filled so that water finds its way out of every cell."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from operator import sub
from typing import TYPE_CHECKING, Final

from profcov.demo.watershed.grid import AROUND

if TYPE_CHECKING:
    from profcov.demo.watershed.grid import Grid

EPSILON: Final = 1e-3
"""Metres by which a filled cell lies above the one that it drains to."""


def fill_depressions(grid: Grid) -> Grid:
    """Return the grid with its depressions filled, each with a slight slope to its outlet.

    Priority-Flood+epsilon: Barnes, Lehman and Mulla, Computers & Geosciences 62 (2014), algorithm 3.
    """
    around = {cell: grid.neighbours(cell) for cell in grid.heights}
    levels = {cell: grid[cell] for cell, others in around.items() if len(others) < AROUND}
    flood = [(level, cell) for cell, level in levels.items()]
    heapify(flood)
    dry = grid.heights.keys() - levels
    while flood:
        level, cell = heappop(flood)
        reached = dry.intersection(around[cell])
        dry -= reached
        for other in reached:
            levels[other] = max(grid.heights[other], level + EPSILON)
            heappush(flood, (levels[other], other))
    return grid.with_elevations(levels)


def count_raised(before: Grid, after: Grid) -> int:
    """Return how many cells filling has raised by more than its slight slope."""
    rises = map(sub, after.heights.values(), before.heights.values())
    return sum(map(EPSILON.__lt__, rises))

"""The grid of elevations, and its ESRI ASCII form."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import compress, product, repeat
from operator import mul, ne
from typing import TYPE_CHECKING, Final

from profcov.demo.watershed.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

Cell = tuple[int, int]
"""Row and column, from the north-west corner."""

MAX_CELLS: Final = 40_000
METRES: Final = {"m": 1.0, "ft": 0.3048}
_REQUIRED: Final = ("ncols", "nrows", "cellsize")
_OPTIONAL: Final = ("xllcorner", "yllcorner", "nodata_value")
AROUND: Final = 8
"""How many neighbours a cell has where water cannot leave the grid: not at the border, nor beside a cell without data."""

NODATA: Final = -9999


@dataclass(frozen=True, slots=True)
class Grid:
    """Elevations in metres of the cells that have data, row by row. ``cell_size`` is in metres."""

    heights: dict[Cell, float]
    rows: int
    cols: int
    cell_size: float
    corner: tuple[float, float] = (0.0, 0.0)

    def __getitem__(self, cell: Cell) -> float:
        return self.heights[cell]

    def __contains__(self, cell: Cell) -> bool:
        return cell in self.heights

    def cells(self) -> list[Cell]:
        """Return the cells that have data, row by row."""
        return list(self.heights)

    def neighbours(self, cell: Cell) -> list[Cell]:
        """Return the cells with data among the eight around one, always in the same order."""
        row, col = cell
        north, south, west, east = row - 1, row + 1, col - 1, col + 1
        around = (
            *((north, west), (north, col), (north, east), (row, west)),
            *((row, east), (south, west), (south, col), (south, east)),
        )
        return [*filter(self.heights.__contains__, around)]

    def distance(self, one: Cell, other: Cell) -> float:
        """Return the metres between the centres of two cells."""
        return self.cell_size * math.dist(one, other)

    def with_elevations(self, elevations: Mapping[Cell, float]) -> Grid:
        """Return this grid with other elevations, one for each of its cells."""
        return replace(self, heights=dict(zip(self.heights, map(elevations.__getitem__, self.heights), strict=True)))


def read_grid(text: str, units: str = "m") -> Grid:
    """Read an ESRI ASCII grid whose elevations are in ``units`` (m or ft).

    Raises:
        ModelError: it is no such grid; the message names the line.
    """
    if units not in METRES:
        raise ModelError(f"units {units!r}: expected one of {', '.join(METRES)}")
    lines = [line.split() for line in text.splitlines()]
    header = _read_header(lines)
    rows, cols = int(header["nrows"]), int(header["ncols"])
    _check_header(header, rows, cols)
    body = [(number, words) for number, words in enumerate(lines[len(header) :], len(header) + 1) if words]
    if len(body) != rows:
        raise ModelError(f"grid: {len(body)} rows of values, expected {rows} (nrows)")
    values = [value for number, words in body for value in _read_row(number, words, cols)]
    nodata, scale = header.get("nodata_value", math.nan), METRES[units]
    every = zip(product(range(rows), range(cols)), map(mul, values, repeat(scale)), strict=True)
    heights = dict(compress(every, map(ne, values, repeat(nodata))))
    if not heights:
        raise ModelError("grid: every cell is without data; give a grid with elevations")
    return Grid(heights, rows, cols, header["cellsize"], (header.get("xllcorner", 0.0), header.get("yllcorner", 0.0)))


def write_grid(grid: Grid) -> str:
    """Return a grid as ESRI ASCII text, in metres."""
    head = (
        f"ncols {grid.cols}\nnrows {grid.rows}\nxllcorner {grid.corner[0]!r}\nyllcorner {grid.corner[1]!r}\n"
        f"cellsize {grid.cell_size!r}\nNODATA_value {NODATA}\n"
    )
    cells = (product((row,), range(grid.cols)) for row in range(grid.rows))
    rows = (" ".join(map(repr, map(grid.heights.get, row, repeat(NODATA)))) for row in cells)
    return head + "\n".join(rows) + "\n"


def _read_header(lines: list[list[str]]) -> dict[str, float]:
    header: dict[str, float] = {}
    for number, words in enumerate(lines, 1):
        if not words or words[0].lower() not in _REQUIRED + _OPTIONAL:
            break
        if len(words) != 2:
            raise ModelError(f"grid line {number}: expected a name and a number, got {' '.join(words)[:60]!r}")
        header[words[0].lower()] = _read_number(number, words[1])
    missing = [key for key in _REQUIRED if key not in header]
    if missing:
        raise ModelError(f"grid header: {', '.join(missing)} missing; is this an ESRI ASCII grid?")
    return header


def _check_header(header: Mapping[str, float], rows: int, cols: int) -> None:
    if (rows, cols) != (header["nrows"], header["ncols"]) or min(rows, cols) < 3 or rows * cols > MAX_CELLS:
        raise ModelError(
            f"grid header: nrows {header['nrows']:g} and ncols {header['ncols']:g}: "
            f"expected whole numbers from 3, and at most {MAX_CELLS} cells",
        )
    if header["cellsize"] <= 0:
        raise ModelError(f"grid header: cellsize {header['cellsize']:g}: expected metres above 0")


def _read_row(number: int, words: list[str], cols: int) -> list[float]:
    if len(words) != cols:
        raise ModelError(f"grid line {number}: {len(words)} values, expected {cols} (ncols)")
    try:
        values = [*map(float, words)]
    except ValueError:
        values = []
    if not values or not all(map(math.isfinite, values)):
        values = [_read_number(number, word) for word in words]  # says which is wrong
    return values


def _read_number(number: int, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ModelError(f"grid line {number}: {word[:40]!r} is not a number")
    return value

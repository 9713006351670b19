from __future__ import annotations

import pytest

from profcov.demo.watershed.errors import ModelError
from profcov.demo.watershed.grid import read_grid, write_grid

HEADER = "ncols 3\nnrows 3\nxllcorner 5\nyllcorner 7.5\ncellsize 10\nNODATA_value -9999\n"
TEXT = HEADER + "1 2 3\n4 -9999 6\n7 8 9\n"


def test_reads_elevations_place_and_cells_without_data() -> None:
    grid = read_grid(TEXT)
    assert (grid.rows, grid.cols, grid.cell_size, grid.corner) == (3, 3, 10.0, (5.0, 7.5))
    assert grid[2, 0] == 7
    assert len(grid.cells()) == 8
    assert (1, 1) not in grid


def test_written_grid_reads_back_the_same() -> None:
    grid = read_grid(TEXT)
    again = read_grid(write_grid(grid))
    assert write_grid(again) == write_grid(grid)
    assert [again[cell] for cell in again.cells()] == [1, 2, 3, 4, 6, 7, 8, 9]


def test_feet_become_metres() -> None:
    assert read_grid(TEXT, "ft")[2, 2] == pytest.approx(9 * 0.3048)


def test_neighbours_leave_out_the_border_and_cells_without_data() -> None:
    grid = read_grid(TEXT)
    assert grid.neighbours((0, 0)) == [(0, 1), (1, 0)]
    assert grid.distance((0, 0), (1, 1)) == pytest.approx(14.1421356)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "grid header: ncols, nrows, cellsize missing"),
        (TEXT.replace("ncols 3", "ncols"), "grid line 1: expected a name and a number"),
        (TEXT.replace("ncols 3", "ncols x"), "grid line 1: 'x' is not a number"),
        (TEXT.replace("4 -9999 6", "4 6"), "grid line 8: 2 values, expected 3"),
        (TEXT.replace("8", "deep"), "grid line 9: 'deep' is not a number"),
        (TEXT.replace("8", "nan"), "grid line 9: 'nan' is not a number"),
        (TEXT.replace("7 8 9\n", ""), "grid: 2 rows of values, expected 3"),
        (TEXT.replace("nrows 3", "nrows 2.5"), "nrows 2.5 and ncols 3"),
        (TEXT.replace("nrows 3", "nrows 900000"), "at most 40000 cells"),
        (TEXT.replace("cellsize 10", "cellsize 0"), "cellsize 0: expected metres above 0"),
        (HEADER + "-9999 -9999 -9999\n" * 3, "every cell is without data"),
    ],
)
def test_says_what_is_wrong_with_a_grid_and_where(text: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_grid(text)
    assert message in str(caught.value)


def test_refuses_units_that_it_does_not_know() -> None:
    with pytest.raises(ModelError, match="units 'furlongs': expected one of m, ft"):
        read_grid(TEXT, "furlongs")

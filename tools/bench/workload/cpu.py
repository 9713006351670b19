"""A CPU-bound request, all of it measured code: parsing, arithmetic, sorting, recursion, small objects and calls."""

from __future__ import annotations


class Cell:
    """A grid cell."""

    def __init__(self, row: int, column: int, height: int) -> None:
        self.row = row
        self.column = column
        self.height = height

    def slope_to(self, other: Cell) -> int:
        """Return the drop to a neighbour."""
        return self.height - other.height


def make_grid(size: int, seed: int) -> list[list[Cell]]:
    """Make a bumpy grid."""
    grid = []
    state = seed
    for row in range(size):
        cells = []
        for column in range(size):
            state = (state * 1103515245 + 12345) % 2147483648
            cells.append(Cell(row, column, state % 97 + row))
        grid.append(cells)
    return grid


def steepest(grid: list[list[Cell]], cell: Cell) -> Cell | None:
    """Return the neighbour with the steepest drop."""
    best = None
    drop = 0
    for row in (cell.row - 1, cell.row, cell.row + 1):
        if not 0 <= row < len(grid):
            continue
        for column in (cell.column - 1, cell.column, cell.column + 1):
            if 0 <= column < len(grid):
                slope = cell.slope_to(grid[row][column])
                if slope > drop:
                    drop = slope
                    best = grid[row][column]
    return best


def accumulate(grid: list[list[Cell]]) -> int:
    """Follow every cell downhill and count the steps."""
    steps = 0
    for cells in grid:
        for cell in cells:
            at: Cell | None = cell
            while at is not None and steps < 1_000_000:
                at = steepest(grid, at)
                steps += 1
    return steps


def tokenize(text: str) -> list[str]:
    """Split a text into words by hand."""
    words = []
    word = ""
    for char in text:
        if char.isalnum():
            word += char
        elif word:
            words.append(word)
            word = ""
    if word:
        words.append(word)
    return words


def count(words: list[str]) -> dict[str, int]:
    """Count words."""
    table: dict[str, int] = {}
    for word in words:
        if word in table:
            table[word] += 1
        else:
            table[word] = 1
    return table


def fibonacci(n: int) -> int:
    """Recurse."""
    if n < 2:
        return n
    return fibonacci(n - 1) + fibonacci(n - 2)


def only(kind: int, n: int) -> int:
    """Run a loop whose lines differ by kind."""
    total = 0
    for i in range(n):
        if kind == 0:
            total += i
        elif kind == 1:
            total -= i
        elif kind == 2:
            total ^= i
        elif kind == 3:
            total |= i
        elif kind == 4:
            total += 2 * i
        elif kind == 5:
            total -= 2 * i
        elif kind == 6:
            total ^= 2 * i
        else:
            total |= 2 * i
    return total


def request(kind: int) -> int:
    """Do the work of one request; ``kind`` makes some of its lines those of one profile."""
    grid = make_grid(12, 7)
    total = accumulate(grid)
    total += len(count(tokenize("the quick brown fox jumps over the lazy dog, again and again " * 6)))
    total += fibonacci(11)
    return total + only(kind, 400)


def hot(n: int) -> int:
    """Loop where only one profile is: the worst mix."""
    total = 0
    for i in range(n):
        if i % 3 == 0:
            total += i
        elif i % 3 == 1:
            total -= 1
        else:
            total = helper(total, i)
    return total


def helper(total: int, i: int) -> int:
    """Be called from the hot loop."""
    if total > i:
        return total - i
    return total + i

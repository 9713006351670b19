"""What the demo prints: a row a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from profcov.analysis.overlap import unique_symbols

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.analysis.matrix import Matrix
    from profcov.playback.play import PlayResult

WIDE = 100
TITLES = ("profile", "requests", "jobs", "lines", "symbols", "only here", "state", "seconds")


def make_rows(results: Sequence[PlayResult], matrix: Matrix) -> list[tuple[str, ...]]:
    """Return the cells of the table, a row for each profile that has an artifact."""
    unique = unique_symbols(matrix)
    rows = []
    for result in results:
        if result.artifact is None:
            continue
        state = "complete" if result.artifact.complete else "partial: " + ", ".join(result.artifact.reasons)
        symbols, only = matrix.profiles[result.slug].covered.bit_count(), unique[result.slug].bit_count()
        counts = (result.requests, len(result.jobs), matrix.profiles[result.slug].lines, symbols, only)
        rows.append((str(result.slug), *map(str, counts), state, f"{result.seconds:.1f}"))
    return rows


def make_table(rows: Sequence[tuple[str, ...]], width: int) -> Table:
    """Return the table for a terminal; one of 80 columns gets it without the column that is least missed."""
    columns = [number for number, title in enumerate(TITLES) if width >= WIDE or title != "only here"]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2 if width >= WIDE else 1, 0, 0))
    for number in columns:
        words = TITLES[number] in {"profile", "state"}
        table.add_column(TITLES[number], justify="left" if words else "right", overflow="fold", no_wrap=number > 0)
    for row in rows:
        table.add_row(*(Text(row[number]) for number in columns))
    return table

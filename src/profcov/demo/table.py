"""What the demo prints: a row a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from profcov.analysis.matrix import Matrix
    from profcov.playback.runner import PlayResult
    from profcov.slug import Slug

TITLES = ("profile", "requests", "jobs", "lines", "symbols", "only here", "state", "seconds")


def make_rows(
    results: Sequence[PlayResult], matrix: Matrix, unique: Mapping[Slug, Sequence[str]]
) -> list[tuple[str, ...]]:
    """Return the cells of the table, a row for each profile that has an artifact."""
    rows = []
    for result in results:
        if result.artifact is None:
            continue
        state = "complete" if result.artifact.complete else "partial: " + ", ".join(result.artifact.reasons)
        symbols, only = len(matrix.profiles[result.slug].symbols), len(unique[result.slug])
        counts = (result.requests, len(result.jobs), result.artifact.lines, symbols, only)
        rows.append((str(result.slug), *map(str, counts), state, f"{result.seconds:.1f}"))
    return rows


def make_table(rows: Sequence[tuple[str, ...]]) -> Table:
    """Return the table for a terminal of 80 columns or more."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, title in enumerate(TITLES):
        words = number in {0, len(TITLES) - 2}
        table.add_column(title, justify="left" if words else "right", overflow="fold", no_wrap=number > 0)
    for row in rows:
        table.add_row(*map(Text, row))
    return table

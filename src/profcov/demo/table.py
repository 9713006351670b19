"""What the demo prints: a row a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from profcov.analysis.overlap import find_unique

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.analysis.matrix import Matrix
    from profcov.playback.play import PlayResult

WIDE = 100
TITLES = ("profile", "requests", "jobs", "lines", "unique lines", "symbols", "status", "seconds")
_LEAST_MISSED = "symbols"


def make_rows(results: Sequence[PlayResult], matrix: Matrix) -> list[dict[str, Any]]:
    """Return a row for each profile that has an artifact."""
    unique = find_unique(matrix)
    rows = []
    for result in results:
        if result.artifact is None:
            continue
        reach = matrix.profiles[result.slug]
        rows.append(
            {
                "profile": result.slug,
                "requests": result.requests,
                "jobs": len(result.jobs),
                "lines": reach.lines,
                "unique_lines": unique[result.slug].lines,
                "symbols": reach.covered.bit_count(),
                "unique_symbols": unique[result.slug].symbols.bit_count(),
                "status": "complete" if result.artifact.complete else "partial",
                "reasons": result.artifact.reasons,
                "seconds": round(result.seconds, 3),
            }
        )
    return rows


def make_table(rows: Sequence[tuple[str, ...]], width: int) -> Table:
    """Return the table for a terminal; one of 80 columns gets it without the column that is least missed."""
    columns = [number for number, title in enumerate(TITLES) if width >= WIDE or title != _LEAST_MISSED]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2 if width >= WIDE else 1, 0, 0))
    for number in columns:
        words = TITLES[number] in {"profile", "status"}
        table.add_column(TITLES[number], justify="left" if words else "right", overflow="fold", no_wrap=number > 0)
    for row in rows:
        table.add_row(*(Text(row[number]) for number in columns))
    return table

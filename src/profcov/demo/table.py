"""What the demo prints: a row a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.playback.player.play import PlayResult
    from profcov.reading.analysis.overview import Overview

WIDE = 100
TITLES = ("profile", "requests", "jobs", "lines", "unique lines", "symbols", "status", "seconds")
LEAST_MISSED = "symbols"
"""The column that a terminal goes without that is not WIDE."""


def make_rows(results: Sequence[PlayResult], overview: Overview) -> list[dict[str, Any]]:
    """Return a row for each profile that has an artifact."""
    matrix, unique = overview.matrix, overview.unique
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

"""The files of a matrix, all in one directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from profcov.errors import as_write_error
from profcov.reading.report import gaps as gaps_report
from profcov.reading.report.files import lay_out, write_whole
from profcov.reading.report.matrix_csv import coverage_matrix, write_parquet
from profcov.reading.report.matrix_json import profile_symbols, symbol_profiles
from profcov.reading.report.summary import summary_markdown

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.reading.analysis.overview import Overview

PROFILE_SYMBOLS: Final = "profile-symbols.json"
SYMBOL_PROFILES: Final = "symbol-profiles.json"
PARQUET: Final = "coverage-matrix.parquet"
NAMES: Final = (
    PROFILE_SYMBOLS,
    SYMBOL_PROFILES,
    "gaps.json",
    "gaps.md",
    "coverage-matrix.csv",
    "summary.md",
)


def write_matrix(overview: Overview, directory: Path, *, parquet: bool = False) -> None:
    """Write all files of a matrix; remove an older Parquet file if none is written.

    Raises:
        CoverageWriteError: a file cannot be written.
    """
    matrix, gaps, unique = overview.matrix, overview.gaps, overview.unique
    write_whole(directory / PROFILE_SYMBOLS, profile_symbols(matrix, unique))
    write_whole(directory / SYMBOL_PROFILES, symbol_profiles(matrix))
    write_whole(directory / "gaps.json", [*lay_out(gaps_report.gaps_document(gaps), gaps_report.DEPTH), "\n"])
    write_whole(directory / "gaps.md", gaps_report.gaps_markdown(gaps))
    write_whole(directory / "coverage-matrix.csv", coverage_matrix(matrix))
    write_whole(directory / "summary.md", summary_markdown(matrix, gaps, unique))
    with as_write_error(directory / PARQUET):
        if parquet:
            write_parquet(matrix, directory / PARQUET)
        else:
            (directory / PARQUET).unlink(missing_ok=True)

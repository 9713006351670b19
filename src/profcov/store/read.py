"""Reading artifacts and shards back: which lines of which files ran."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from coverage import CoverageData
from coverage.exceptions import CoverageException

from profcov.errors import CoverageReadError

if TYPE_CHECKING:
    from pathlib import Path


def read_lines(path: Path) -> dict[str, set[int]]:
    """Map each file in a data file to the lines that ran, in any context; branch data is read as lines.

    Files without a line are left out. The data file is not changed, whatever it is.

    Raises:
        CoverageReadError: it is missing, or it is not coverage.py's.
    """
    if not path.is_file():
        raise CoverageReadError(path, "there is no such file (`profcov combine` makes artifacts)")
    _check(path)
    data = CoverageData(basename=str(path))
    try:
        data.read()
        found = {file: set(data.lines(file) or ()) for file in data.measured_files()}
    except (CoverageException, sqlite3.Error, OSError) as error:
        raise CoverageReadError(path, f"it is damaged ({error})") from error
    return {file: lines for file, lines in sorted(found.items()) if lines}


def _check(path: Path) -> None:
    """Refuse what is not a coverage.py data file, before coverage.py makes an empty one of it."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT version FROM coverage_schema").fetchone()
    except sqlite3.Error as error:
        raise CoverageReadError(path, f"it is not a coverage.py data file ({error})") from error

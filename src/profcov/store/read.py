"""Reading artifacts and shards back: which lines of which files ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.errors import CoverageReadError
from profcov.store.merge import read_content

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
    return read_content(path).lines_by_file()

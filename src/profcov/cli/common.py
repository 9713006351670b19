"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from profcov import settings
from profcov.errors import CoverageReadError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def data_dir_option(meaning: str) -> Callable[..., Any]:
    """Return the option ``--data-dir``; :func:`find_data_dir` reads it."""
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path),
        help=f"{meaning}  [default: $PROFILE_COVERAGE_DIR or .profcov]",
    )


def find_data_dir(given: Path | None, *, must_exist: bool = False) -> Path:
    """Return the data directory: the one given, else the environment's, else the default one.

    Raises:
        CoverageReadError: it must exist, and is no directory.
    """
    directory = (given or Path(os.environ.get(settings.DIR) or settings.DEFAULT_DIR)).absolute()
    if must_exist and not directory.is_dir():
        raise CoverageReadError(directory, "there is no such directory; is it where the servers record?")
    return directory


def show_bytes(size: float) -> str:
    """Return a size for people, in powers of 1,000: ``1.2 MB``."""
    number = 0
    while size >= 1000 and number < len(_UNITS) - 1:  # noqa: PLR2004
        size /= 1000
        number += 1
    return f"{size:.0f} B" if number == 0 else f"{size:.1f} {_UNITS[number]}"

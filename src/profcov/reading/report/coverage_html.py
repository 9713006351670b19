"""coverage.py's own HTML report of an artifact, with contexts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from coverage.exceptions import ConfigError, CoverageException

from profcov.configuration import as_configuration
from profcov.configuration.omissions import omit_by_name
from profcov.errors import CoverageReadError, as_write_error
from profcov.reading.report.files import copy_whole

if TYPE_CHECKING:
    from profcov.configuration import Configuration


def write_html(artifact: Path, given: Configuration | Path | None, directory: Path, title: str) -> None:
    """Write a profile's HTML report into a directory.

    Raises:
        CoverageReadError: coverage.py cannot report on it.
        CoverageWriteError: the report cannot be written.
    """
    configuration, directory, artifact = as_configuration(given), directory.absolute(), artifact.absolute()
    with tempfile.TemporaryDirectory() as place, configuration.at_root():
        # coverage.py 7.14 merges every `<data file>.*` into a data file before it reports: give it a copy.
        try:
            with as_write_error(directory):
                tool = configuration.open(data_file=str(Path(place, "data")), messages=False)
                tool.set_option("run:parallel", value=False)
                omit_by_name(tool)
                tool.combine(data_paths=[str(artifact)], strict=True, keep=True)
                tool.html_report(directory=f"{place}/html", title=title, show_contexts=True)
                copy_whole(Path(place, "html"), directory)
        except (
            ConfigError,
            CoverageException,
            UnicodeEncodeError,
        ) as error:  # the latter below a directory whose name is not UTF-8
            raise CoverageReadError(artifact, f"coverage.py cannot report on it: {error}") from error

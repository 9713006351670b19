from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profcov.errors import CoverageReadError
from profcov.reading.report.coverage_html import write_html

if TYPE_CHECKING:
    from pathlib import Path


def test_a_configuration_that_coverage_cannot_read_is_one_of_our_errors(tmp_path: Path) -> None:
    config = tmp_path / "bad.ini"
    config.write_text("[run]\nbranch = perhaps\n")
    with pytest.raises(CoverageReadError, match=r"coverage.py cannot report on it: .*perhaps"):
        write_html(tmp_path / "a.coverage", config, tmp_path / "html", "a")

"""Rows in the file of a process."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from at_work import kill

from profcov.slug import parse_slug
from profcov.store.holders import list_holders
from profcov.store.presence import PROCESSES
from profcov.store.rows import IN_FLIGHT, TIME_CHARS, WIDTH, make_row
from profcov.store.survey import survey

if TYPE_CHECKING:
    from pathlib import Path

    from at_work import StartUnits


def test_rows_that_name_no_slug_are_left_out(tmp_path: Path, start_units: StartUnits) -> None:
    process = start_units("demo")
    (path,) = [path for path in (tmp_path / "state" / PROCESSES).iterdir() if not path.name.startswith(".")]
    content = path.read_bytes().replace(b"+demo ", b"+../x ") + b"      1000.000 \0\0".ljust(115) + b"\n"
    with path.open("r+b") as file:  # the same file: it is locked
        file.write(content)
    assert list_holders(tmp_path) == []
    assert survey(tmp_path) == []
    kill(process)


def test_no_row_is_from_the_future() -> None:
    for _ in range(1000):  # half of them were, by half a millisecond at most: their times were rounded
        row = make_row(IN_FLIGHT, parse_slug("demo"), "")
        assert time.time() - 60 < float(row[:TIME_CHARS]) <= time.time()
    assert len(row) == WIDTH

"""Rows in the file of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from at_work import kill

from profcov.store.holders import list_holders
from profcov.store.presence import PROCESSES
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

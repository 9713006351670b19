"""Reading coverage data files."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from coverage import CoverageData

from profcov.errors import CoverageReadError
from profcov.store.read import read_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path


def write(path: Path, lines: dict[str, Collection[int]]) -> None:
    data = CoverageData(basename=str(path))
    data.add_lines(lines)
    data.touch_file("/src/idle.py")
    data.write()


def test_lines_of_all_contexts_are_read_and_files_without_lines_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.coverage"
    write(path, {"/src/b.py": [1, 3], "/src/a.py": [2]})
    data = CoverageData(basename=str(path))
    data.read()
    data.set_context("profile:a|GET /x")
    data.add_lines({"/src/b.py": [7]})
    data.write()
    assert read_lines(path) == {"/src/a.py": {2}, "/src/b.py": {1, 3, 7}}
    assert list(read_lines(path)) == ["/src/a.py", "/src/b.py"]


def test_a_name_with_special_characters_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a b?c#d%20.coverage"
    write(path, {"/src/b.py": [1]})
    assert read_lines(path) == {"/src/b.py": {1}}


def test_reading_changes_nothing_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.coverage"
    write(path, {"/src/b.py": [1]})
    before = path.read_bytes()
    read_lines(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_an_error_that_names_it_and_no_file_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a.coverage"
    with pytest.raises(CoverageReadError, match=r"a\.coverage: there is no such file"):
        read_lines(path)
    assert not path.exists()


def other_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")


def damaged_middle(path: Path) -> None:
    write(path, {f"/src/{number}.py": range(1, 2000) for number in range(200)})
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))


def other_schema(path: Path) -> None:
    write(path, {"/src/b.py": [1]})
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE coverage_schema SET version = 99")


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("hello, this is no database\n" * 100),
        lambda path: path.write_bytes(b"SQLite format 3\0" + b"\0" * 50),
        other_database,
        other_schema,
        damaged_middle,
    ],
    ids=["empty", "text", "cut", "other database", "other schema", "damaged"],
)
def test_what_is_not_coverage_data_is_one_clear_error_and_stays_as_it_is(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    path = tmp_path / "a.coverage"
    make(path)
    before = hashlib.sha256(path.read_bytes()).digest()
    with pytest.raises(CoverageReadError) as caught:
        read_lines(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert hashlib.sha256(path.read_bytes()).digest() == before

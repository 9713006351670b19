"""Documents on disk: written whole, laid out a line for each item, read back or refused."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from profcov.errors import CoverageReadError, CoverageWriteError
from profcov.reading.report.files import lay_out, read_document, write_whole
from profcov.reading.report.inventory_json import inventory_document, read_inventory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tests.unit.conftest import Tree


@pytest.mark.parametrize("value", [{}, [], None, "x", {"a": []}, {"a": {"b": [1, 2]}, "c": [{"d": {}}, [], 1.5]}])
@pytest.mark.parametrize("depth", [0, 1, 2, 9])
def test_what_is_laid_out_is_what_it_was(value: Any, depth: int) -> None:
    assert json.loads("".join(lay_out(value, depth))) == value


def test_the_depth_says_how_far_down_each_item_has_its_line() -> None:
    assert "".join(lay_out({"a": [{"b": 1}, {"b": [2]}]}, 2)).splitlines() == [
        "{",
        '  "a": [',
        '    {"b": 1},',
        '    {"b": [2]}',
        "  ]",
        "}",
    ]


def test_a_file_that_cannot_be_written_whole_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.json"
    write_whole(path, ["a", "b\udcff\n"])
    assert path.read_text() == "ab\\udcff\n"

    def fail() -> Iterator[str]:
        yield "c"
        raise OSError(28, "No space left on device")

    with pytest.raises(CoverageWriteError, match="No space left"):
        write_whole(path, fail())
    assert [each.name for each in path.parent.iterdir()] == ["x.json"]
    assert path.read_text() == "ab\\udcff\n"


def test_a_file_where_a_directory_should_be_is_reported(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(CoverageWriteError, match=r"cannot write .*/out/a\.json: .*/out is not a directory$"):
        write_whole(tmp_path / "out" / "a.json", [""])


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("before")
    (tmp_path / "other").hardlink_to(target)
    link.symlink_to("target")
    write_whole(link, ["after"])
    assert link.is_symlink()
    assert target.read_text() == "after"
    assert (tmp_path / "other").read_text() == "before"


def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as reader:
        read = reader.submit(pipe.read_text)
        write_whole(pipe, ["a", "b"])
        assert read.result(30) == "ab"
    assert pipe.is_fifo()
    write_whole(Path("/dev/null"), ["a"])
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"schema_version": 2}', "[" * 100_000])
def test_what_is_no_document_of_ours_is_refused_with_a_hint(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(CoverageReadError, match="run this"):
        read_document(path, 1, "run this")


def test_an_inventory_comes_back_as_it_was(tree: Tree) -> None:
    tree.write("m.py", "x = (\n1,\n2)\nclass C:\n    @property\n    def f(self):\n        return f'''\n{self}'''\n")
    tree.write("broken.py", "(")
    inventory = tree.inventory()
    path = tree.root / "x.json"
    write_whole(path, lay_out(inventory_document(inventory), 2))
    assert read_inventory(path) == inventory


def test_an_inventory_with_a_value_that_does_not_fit_is_one_clear_error(tree: Tree) -> None:
    tree.write("m.py", "x = (\n1,\n2)\ndef f():\n    return 1\n")
    tree.write("n.py", "x = 1\n")
    path, text = tree.root / "x.json", "".join(lay_out(inventory_document(tree.inventory()), 2))
    odd = [
        ('"kind": "module"', '"kind": "word"'),
        ('"kind": "module"', '"kind": []'),
        ('"body_lines": [5]', '"body_lines": ["5"]'),
        ('"body_lines": [5]', '"body_lines": [true]'),
        ('"body_lines": [5]', '"body_lines": [-5]'),
        ('"body_lines": [5]', '"body_lines": [10000000000000]'),
        ('"body_lines": [5]', '"body_lines": 5'),
        ('"statements": [1, 4, 5]', '"statements": [1, 4.5]'),
        ('"long_statements": [[1, 3]]', '"long_statements": [[1, 30000000000000]]'),
        ('"line_span": [4, 5]', '"line_span": [4]'),
        ('"name": "m:f"', '"name": "m"'),
        ('"name": "m:f"', '"name": 1'),
        ('"file": "m.py"', '"file": "n.py"'),
        ('"module": "m"', '"module": null'),
        ('"parent": "m"', '"parent": {}'),
    ]
    for old, new in odd:
        assert old in text, old
        path.write_text(text.replace(old, new, 1))
        with pytest.raises(CoverageReadError, match="no inventory of this version"):
            read_inventory(path)
    path.write_text(text)
    assert len(read_inventory(path).files) == 2


@pytest.mark.parametrize("key", ["symbols", "files", "unreadable"])
@pytest.mark.parametrize("value", [None, 1, [1], [{}], [{"name": "x"}]])
def test_an_inventory_that_is_none_is_one_clear_error(tmp_path: Path, key: str, value: Any) -> None:
    path = tmp_path / "x.json"
    document = {"schema_version": 1, "symbols": [], "files": [], "unreadable": [], key: value}
    path.write_text(json.dumps(document))
    with pytest.raises(CoverageReadError, match="no inventory of this version"):
        read_inventory(path)

"""Names that somebody has made to break a page, a table or a terminal."""

from __future__ import annotations

import csv
import json
import os
from typing import TYPE_CHECKING

import pytest

from profcov.reading.analysis.matrix import build_matrix
from profcov.reading.analysis.overview import Overview
from profcov.reading.report.matrix_files import NAMES, write_matrix
from profcov.reading.report.snapshot import read_snapshot
from profcov.reading.report.text import code, printable
from profcov.slug import Slug
from profcov.store.content import Content
from profcov.store.read import Recorded

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Tree

FILES = [
    "</script><b>.py",
    "quo\"te's `` |pipe|.py",
    "\u202egnp.py",
    "עברית.py",
    "tab\tline\n.py",
    "=1+1.py",
    "\x1b[31m.py",
]


@pytest.fixture
def written(tree: Tree) -> Path:
    for file in FILES:
        (tree.root / file).parent.mkdir(exist_ok=True)  # a slash is one, wherever it stands
        (tree.root / file).write_text("def שלום(): return 1\ndef never(): return 2\n", encoding="utf-8")
    inventory = tree.inventory()
    content = Content({("profile:p", file): 0b10 for file in FILES[:-1]}, files=set(FILES[:-1]))
    matrix = build_matrix(inventory, [Recorded(Slug("p"), content, {"status": "complete", "imported": FILES})])
    write_matrix(Overview(matrix), tree.root / "out")
    return tree.root / "out"


def test_every_name_comes_back_from_json_and_csv_as_it_was(written: Path) -> None:
    symbols = json.loads((written / "symbol-profiles.json").read_text())["symbols"]
    assert {each["file"] for each in symbols.values()} == set(FILES)
    with (written / "coverage-matrix.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    plain = [[cell.removeprefix("'") for cell in row] for row in rows]
    assert {row[0]: (row[2], row[3]) for row in plain[1:]} == {
        name: (facts["file"], "1" if facts["profiles"] else "0") for name, facts in symbols.items()
    }
    snapshot = read_snapshot(written)
    assert {each.name for each in snapshot.symbols} == set(symbols)
    assert snapshot.profiles == {"p": {name for name, facts in symbols.items() if facts["profiles"]}}


def test_json_is_ascii_and_no_text_has_a_character_that_turns_the_line(written: Path) -> None:
    for name in NAMES:
        text = (written / name).read_text(encoding="utf-8")
        if name.endswith(".json"):
            assert text.isascii()
        if name.endswith(".md"):
            assert not {"\u202e", "\x1b", "\t"} & set(text)


def test_every_row_of_a_table_has_the_same_number_of_cells(written: Path) -> None:
    for name in ("gaps.md", "summary.md"):
        width = None
        for line in (written / name).read_text(encoding="utf-8").splitlines():
            cells = line.replace("\\|", "").count("|")
            assert cells == 0 or width in (None, cells), line
            width = cells or None
    assert "| `<.script><b>:never` | `</script><b>.py:2-2` | 1 |" in (written / "gaps.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a", "`a`"), ("a|b", "`a\\|b`"), ("`", "`` ` ``"), ("a``b", "``` a``b ```"), ("\u202e\n", "`\\u202e\\n`")],
)
def test_a_name_is_a_code_span_whatever_is_in_it(text: str, shown: str) -> None:
    assert code(text) == shown


def test_letters_of_all_scripts_are_shown_and_what_cannot_be_seen_is_numbered() -> None:
    assert printable("עברית é 漢") == "עברית é 漢"
    assert printable("a\x1b[0m\u2066\udcff\x7f") == "a\\x1b[0m\\u2066\\udcff\\x7f"


def test_a_file_name_that_is_no_utf_8_stops_nothing(tree: Tree) -> None:
    pytest.importorskip("pyarrow")
    file = os.fsdecode(b"\xff\xfe.py")
    (tree.root / file).write_text("def f(): return 1\n")
    tree.write("m.py", "def f(): return 1\n")
    inventory = tree.inventory()
    content = Content({("profile:p", "m.py"): 0b10, ("profile:p", file): 0b10}, files={"m.py", file})
    matrix = build_matrix(inventory, [Recorded(Slug("p"), content, {"status": "complete", "imported": []})])
    write_matrix(Overview(matrix), tree.root / "out", parquet=True)
    assert "m:f" in read_snapshot(tree.root / "out").profiles[Slug("p")]

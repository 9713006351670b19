"""The committed examples agree with each other, and what compares them with a fresh run sees what counts."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from profcov.reading.report.dashboard.page import NAME, pack, read_data

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "artifacts" / "example"


def load_tool() -> Any:
    spec = importlib.util.spec_from_file_location("examples", ROOT / "tools" / "examples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = load_tool()


def change_page(text: str, **facts: Any) -> str:
    document = read_data(text)
    document["profiles"][0].update(facts)
    return re.sub(r'id="data">[^<]*', f'id="data">{pack(document)}', text)


def test_they_are_of_one_run() -> None:
    assert {path.name for path in EXAMPLE.iterdir()} == set(TOOL.FILES)
    texts = {name: (EXAMPLE / name).read_text(encoding="utf-8") for name in TOOL.FILES}
    page, symbols = read_data(texts[NAME]), json.loads(texts["symbol-profiles.json"])["symbols"]
    modules = [each["name"] for each in page["modules"]]
    columns = zip(page["symbols"]["module"], page["symbols"]["name"], strict=True)
    assert [modules[module] + (f":{name}" if name else "") for module, name in columns] == list(symbols)
    assert [each["name"] for each in json.loads(texts["coverage-symbols.json"])["symbols"]] == list(symbols)
    assert [row[0] for row in csv.reader(texts["coverage-matrix.csv"].splitlines())] == ["symbol", *symbols]
    slugs = [each["slug"] for each in page["profiles"]]
    assert slugs == list(json.loads(texts["profile-symbols.json"])["profiles"])
    assert all(each["status"] == "complete" and each["requests"] for each in page["profiles"])


@pytest.mark.parametrize("name", TOOL.FILES)
def test_they_name_no_place_on_a_machine(name: str) -> None:
    text = (EXAMPLE / name).read_text(encoding="utf-8")
    text += json.dumps(read_data(text)) if name == NAME else ""
    assert re.findall(r"/(?:home|root|tmp|usr|work)/\S*", text) == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (NAME, lambda text: re.sub(r"\d{4}-\d\d-\d\dT[\d:+]+", "2031-01-01T00:00:00+00:00", text)),
        (NAME, lambda text: text.replace("by profcov ", "by profcov 99.")),
        (NAME, lambda text: change_page(text, seconds=123.4, requests=99, created="2031-01-01T00:00:00+00:00")),
        ("coverage-symbols.json", lambda text: re.sub(r'"sha256": "\w+"', f'"sha256": "{"0" * 64}"', text)),
    ],
    ids=["times", "versions", "durations", "hashes"],
)
def test_what_is_another_each_time_does_not_count(tmp_path: Path, name: str, change: Any) -> None:
    text = (EXAMPLE / name).read_text(encoding="utf-8")
    changed = change(text)
    assert changed != text
    (tmp_path / name).write_text(changed, encoding="utf-8")
    assert TOOL.compare(EXAMPLE / name, tmp_path / name) == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (NAME, lambda text: change_page(text, lines=1)),
        (NAME, lambda text: text.replace("profiles that add no line", "profiles")),
        ("summary.md", lambda text: re.sub(r"\| \d+ \|", "| 99999 |", text, count=1)),
        ("symbol-profiles.json", lambda text: re.sub(r'("profiles": \[)"[^"]+"', r'\1"another"', text, count=1)),
    ],
    ids=["data", "what is seen without scripts", "a figure", "a profile of a symbol"],
)
def test_what_they_say_counts(tmp_path: Path, name: str, change: Any) -> None:
    text = (EXAMPLE / name).read_text(encoding="utf-8")
    changed = change(text)
    assert changed != text, "there is nothing to change: adapt the test"
    (tmp_path / name).write_text(changed, encoding="utf-8")
    assert TOOL.compare(EXAMPLE / name, tmp_path / name)


def test_one_that_is_missing_counts(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE / "gaps.md", tmp_path)
    assert TOOL.compare(tmp_path / "none.md", tmp_path / "gaps.md") == ["it is not there"]

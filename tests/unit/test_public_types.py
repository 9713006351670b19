"""Each name that the documentation imports from profcov is in typing_tests, where type checkers read it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import profcov

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.py")]
IMPORT = re.compile(r"^from (profcov[\w.]*) import ([\w, ]+)", re.MULTILINE)
TREES = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "typing_tests").glob("*.py")]
NODES = [node for tree in TREES for node in ast.walk(tree)]
PINNED = {f"{node.module}.{each.name}" for node in NODES if isinstance(node, ast.ImportFrom) for each in node.names}
PINNED |= {ast.unparse(node) for node in NODES if isinstance(node, ast.Attribute)}


def imported() -> set[str]:
    found = [match.groups() for page in PAGES for match in IMPORT.finditer(page.read_text(encoding="utf-8"))]
    return {f"{module}.{name.strip()}" for module, names in found for name in names.split(",")}


@pytest.mark.parametrize("name", sorted({*imported(), *(f"profcov.{name}" for name in profcov.__all__)}))
def test_a_public_name_is_read_by_type_checkers(name: str) -> None:
    assert name in PINNED

"""Inventories of small real source trees."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from profcov.symbols.inventory import build_inventory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from profcov.symbols.model import Inventory, Symbol


class Tree:
    """A directory of source files, and the working directory of the test."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).lstrip("\n").encode())
        return path

    def inventory(self, config: str = "[run]\nsource = .\nrelative_files = true\n") -> Inventory:
        return build_inventory(self.write("cov.ini", config))

    def symbols(self, text: str) -> Mapping[str, Symbol]:
        """Return the symbols of a module ``m`` with this text, by name without ``m:``."""
        self.write("m.py", text)
        return {symbol.name.removeprefix("m:"): symbol for symbol in self.inventory().symbols}

    def bodies(self, text: str) -> Mapping[str, tuple[int, ...]]:
        return {name: symbol.body_lines for name, symbol in self.symbols(text).items()}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.chdir(tmp_path)
    return Tree(tmp_path.resolve())

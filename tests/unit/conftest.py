"""Inventories of small real source trees, and a disk that is soon full."""

from __future__ import annotations

import os
import subprocess
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from profcov.reading.symbols.inventory import build_inventory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from profcov.reading.symbols.model import Inventory, Symbol


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


@pytest.fixture
def tiny(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """A file system of 64 KiB, or as many as the parameter says, where this machine lets us mount one."""
    where = tmp_path / "tiny"
    where.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={getattr(request, 'param', 64)}k,mode=0700", "tmpfs", str(where)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield where
    subprocess.run(["umount", "--lazy", str(where)], check=True)  # also when a test fails, and leaves a file open

"""The ways to break the engine still fit it: ``make break-engine`` takes a quarter of an hour to say so."""

from __future__ import annotations

import ast
import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
spec: Any = importlib.util.spec_from_file_location("break_engine", HERE / "break_engine.py")
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for path in (tool.ENGINE, tool.STATE, tool.STACKS):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tool.SOURCE / path, tmp_path / path)
    return tmp_path


@pytest.mark.parametrize("name", tool.WAYS)
def test_a_way_to_break_the_engine_finds_each_of_its_places_once_and_leaves_python(source: Path, name: str) -> None:
    tool.break_source(source, tool.WAYS[name])
    broken = {path: (source / path).read_text() for path in (tool.ENGINE, tool.STATE, tool.STACKS)}
    for path, text in broken.items():
        compile(text, path, "exec")
    assert any(
        ast.dump(ast.parse(text)) != ast.dump(ast.parse((tool.SOURCE / path).read_text()))
        for path, text in broken.items()
    )


@pytest.mark.parametrize("old", ["what is nowhere", "def "])
def test_a_place_that_is_gone_or_there_twice_is_refused(source: Path, old: str) -> None:
    with pytest.raises(ValueError, match="times: "):
        tool.break_source(source, [(old, "")])

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profcov.errors import CoverageWriteError
from profcov.store.directory import DataDirectory
from profcov.store.layout import list_slugs
from profcov.store.pause import end_pause, is_paused, pause

if TYPE_CHECKING:
    from pathlib import Path


def test_a_directory_is_paused_until_it_is_resumed(tmp_path: Path) -> None:
    assert not is_paused(tmp_path)
    assert pause(DataDirectory(tmp_path))
    assert not pause(DataDirectory(tmp_path))
    assert is_paused(tmp_path)
    assert list_slugs(tmp_path) == []
    assert end_pause(tmp_path)
    assert not end_pause(tmp_path)
    assert not is_paused(tmp_path)


def test_pausing_a_directory_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(CoverageWriteError, match="No such file or directory"):
        pause(DataDirectory(tmp_path / "missing"))
    assert not is_paused(tmp_path / "missing")

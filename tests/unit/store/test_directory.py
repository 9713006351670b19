from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from profcov.store.directory import DataDirectory

if TYPE_CHECKING:
    from pathlib import Path


def test_a_data_directory_is_marked_when_it_is_made_and_one_with_something_in_it_is_not(tmp_path: Path) -> None:
    DataDirectory(tmp_path / "new").make_state("shards")
    assert (tmp_path / "new/.gitignore").read_text().endswith("\n*\n")
    assert (tmp_path / "new/CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    (tmp_path / "project").mkdir()
    (tmp_path / "project/app.py").touch()
    DataDirectory(tmp_path / "project").make_state()
    assert sorted(path.name for path in (tmp_path / "project").iterdir()) == ["app.py", "state"]
    DataDirectory(tmp_path / "artifacts").make_state(is_marked=False)
    assert [path.name for path in (tmp_path / "artifacts").iterdir()] == ["state"]


def test_a_link_in_the_place_of_state_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/state").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        DataDirectory(tmp_path / "data").make_state("shards")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_file_is_opened_or_made_with_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "data/state/a.lock"
    first, second = (DataDirectory(tmp_path / "data").open_or_create(path) for _ in range(2))
    try:
        assert os.fstat(first).st_ino == os.fstat(second).st_ino == path.stat().st_ino
    finally:
        os.close(first)
        os.close(second)

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from profcov.store.directory import DataDirectory
from profcov.store.files import create_private, make_directory, make_own_directory, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o077], ids=["open", "closed"])
def process_umask(request: pytest.FixtureRequest) -> object:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("process_umask")
@pytest.mark.parametrize(
    ("umask", "file", "directory"), [(0o077, 0o600, 0o700), (0o007, 0o660, 0o770), (0o022, 0o644, 0o755)]
)
def test_the_modes_are_what_the_setting_says_whatever_the_process_has(
    tmp_path: Path, umask: int, file: int, directory: int
) -> None:
    make_directory(tmp_path / "a", umask)
    os.close(create_private(tmp_path / "a" / "f", umask))
    data = DataDirectory(tmp_path / "b", umask)
    os.close(data.open_or_create(tmp_path / "b/state/g"))
    data.make_state("shards")
    assert {mode(tmp_path / name) for name in ("a", "b", "b/state", "b/state/shards")} == {directory}
    assert {mode(tmp_path / name) for name in ("a/f", "b/state/g", "b/.gitignore", "b/CACHEDIR.TAG")} == {file}


def test_a_directory_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    make_directory(tmp_path, 0o077)
    assert mode(tmp_path) == 0o750


def test_no_file_is_made_or_opened_through_a_symbolic_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    for name, target in (("link", victim), ("dangling", tmp_path / "nowhere")):
        (tmp_path / name).symlink_to(target)
        with pytest.raises(FileExistsError):
            create_private(tmp_path / name)
        with pytest.raises(OSError, match="symbolic"):
            DataDirectory(tmp_path).open_or_create(tmp_path / name)
    assert victim.read_text() == "untouched"
    assert not (tmp_path / "nowhere").exists()


def test_a_link_to_a_directory_is_not_followed_inside_a_data_directory(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "previous").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError, match="symbolic link"):
        make_own_directory(tmp_path / "previous")


def test_a_file_in_a_directorys_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(FileExistsError):
        make_directory(tmp_path / "f")


@pytest.mark.parametrize("name", ["coverage.json", ".coverage", "coverage", "a" * 250])
def test_no_file_that_is_being_written_has_a_name_that_coverage_py_takes_for_data(tmp_path: Path, name: str) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x"
        (fresh,) = tmp_path.iterdir()
        assert fresh.name.startswith(".profcov-")

    replace_file(tmp_path / name, chunks())
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_that_cannot_be_written_whole_stays_as_it_was(tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"new"
        raise OSError

    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(OSError):  # noqa: PT011
        replace_file(tmp_path / "a", chunks())
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profcov.errors import CoverageWriteError
from profcov.nightly import nights

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400


def make(out: Path, now: float) -> Path:
    with nights.begin(out, now) as night:
        (night / nights.MATRIX).mkdir()
        (night / nights.SUMMARY).write_text("done")
    return night


def test_a_night_is_named_by_when_it_began(tmp_path: Path) -> None:
    assert make(tmp_path, 0).name == "1970-01-01T000000Z"


def test_two_that_begin_in_the_same_second_are_two_nights_one_after_the_other(tmp_path: Path) -> None:
    first, second = make(tmp_path, 0.2), make(tmp_path, 0.8)
    assert (first.name, second.name) == ("1970-01-01T000000Z", "1970-01-01T000001Z")
    assert nights.find_before(second) == first


def test_the_night_before_is_the_newest_that_was_finished(tmp_path: Path) -> None:
    first, second = make(tmp_path, 0), make(tmp_path, DAY)
    with nights.begin(tmp_path, 3 * DAY) as night:
        (tmp_path / "1970-01-03T000000Z" / nights.MATRIX).mkdir(parents=True)
        assert nights.find_before(night) == second
    assert nights.find_before(second) == first
    assert nights.find_before(first) is None


def test_a_night_that_is_broken_off_goes_with_the_next(tmp_path: Path) -> None:
    def break_off() -> None:
        with nights.begin(tmp_path, 0) as night:
            (night / "a.coverage").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    (tmp_path / "1970-01-02T000000Z").mkdir()
    (tmp_path / "mine").mkdir()
    make(tmp_path, 3 * DAY)
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_dir()) == ["1970-01-04T000000Z", "mine"]


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with (
        nights.begin(tmp_path, 0),
        pytest.raises(CoverageWriteError, match="another `profcov nightly` is at work there"),
        nights.begin(tmp_path, DAY),
    ):
        pass


def test_the_oldest_go_and_nothing_else(tmp_path: Path) -> None:
    *_, night = [make(tmp_path, day * DAY) for day in range(4)]
    (tmp_path / "notes.txt").touch()
    assert nights.drop_old(night, 2) == ["1970-01-01T000000Z", "1970-01-02T000000Z"]
    assert nights.drop_old(night, 2) == []
    assert (tmp_path / "notes.txt").exists()


def test_the_night_that_was_just_made_stays_though_the_clock_was_put_back(tmp_path: Path) -> None:
    for day in (3, 4):
        make(tmp_path, day * DAY)
    night = make(tmp_path, 2 * DAY)
    assert nights.drop_old(night, 2) == ["1970-01-04T000000Z"]
    assert nights.drop_old(night, 1) == ["1970-01-05T000000Z"]
    assert night.is_dir()


def test_what_a_night_can_do_without_goes_largest_first_and_only_as_much_as_must(tmp_path: Path) -> None:
    sizes = {"html/a/index.html": 500, "html/b/index.html": 300, "reports/a-coverage.json": 400, "a.coverage": 1000}
    for name, size in {**sizes, "matrix/coverage-matrix.csv": 50, "matrix/gaps.json": 700}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * size)
    assert nights.shrink(tmp_path, 3000) == (2950, [])
    assert nights.shrink(tmp_path, 2100) == (
        2050,
        [nights.Dropped("html/a", 500), nights.Dropped("reports/a-coverage.json", 400)],
    )
    assert nights.shrink(tmp_path, 0)[0] == 1700
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"a.coverage", "gaps.json"}


def test_a_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CoverageWriteError, match="file"), nights.begin(tmp_path / "file" / "out", 0):
        pass

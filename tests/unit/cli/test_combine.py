from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from at_work import at_work, begin
from shards import new_shard_path

from profcov.cli.main import main
from profcov.slug import Slug
from profcov.store.directory import DataDirectory
from profcov.store.layout import list_shards
from profcov.store.read import read_lines
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from pathlib import Path

VARIABLES = ("PROFILE_COVERAGE_DIR", "PROFILE_COVERAGE_CONFIG")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def run(*words: object) -> object:
    with pytest.raises(SystemExit) as done:
        main(["combine", *map(str, words)])
    return done.value.code


def write(data: Path, slug: str, line: int) -> None:
    write_shard(DataDirectory(data), Slug(slug), f"profile:{slug}", {"/src/a.py": {line}})


def write_source(place: Path) -> str:
    """Write a file that is measured, of two statements on three lines, and return its name in shards."""
    source = place / "a.py"
    source.write_text("x = [\n]\ny = 2\n")
    return str(source)


def test_it_prints_one_line_an_artifact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for lines in ({1}, {2}, {3}):
        write_shard(DataDirectory(tmp_path / ".profcov"), Slug("demo"), "profile:demo", {write_source(tmp_path): lines})
    assert run("demo") == 0
    told = capsys.readouterr()
    assert told.out == f"demo\t2\t1\tcomplete\t{tmp_path}/.profcov/demo.coverage\n"
    assert told.err == ""


def test_without_a_slug_it_combines_all_that_have_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for slug in ("b", "a"):
        write(tmp_path / "data", slug, 1)
    assert run("--data-dir", "data", "--out", "out") == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == ["a", "b"]
    assert read_lines(tmp_path / "out" / "b.coverage") == {"/src/a.py": {1}}


def test_the_directory_of_the_environment_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROFILE_COVERAGE_DIR", str(tmp_path / "elsewhere"))
    write(tmp_path / "elsewhere", "demo", 1)
    assert run() == 0
    assert "elsewhere/demo.coverage" in capsys.readouterr().out


def test_a_slug_given_twice_is_combined_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / ".profcov", "demo", 1)
    assert run("demo", "demo") == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_partial_artifact_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / ".profcov", "demo", 1)
    new_shard_path(tmp_path / ".profcov", Slug("demo")).write_bytes(b"rubbish")
    assert run("demo", "--keep") == 1
    assert "\tpartial; shard-unreadable\t" in capsys.readouterr().out
    new_shard_path(tmp_path / ".profcov", Slug("demo")).write_bytes(b"rubbish")
    assert run("demo", "--allow-partial") == 0


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        ((), 3, "no profile has shards there"),
        (("demo",), 3, "cannot combine demo: there is no directory"),
        (("../demo",), 2, "'../demo' is not a slug"),
        (("demo", "--config", "nowhere.ini"), 2, "PROFILE_COVERAGE_CONFIG='nowhere.ini': expected a file that exists"),
    ],
)
def test_what_cannot_be_combined_is_one_sentence_and_an_exit_code(
    words: tuple[str, ...], code: int, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert problem in told.err
    assert told.err.startswith("profcov: ")
    assert len(told.err.splitlines()) == 1


@pytest.mark.parametrize("seconds", ["-1", "soon"])
def test_a_time_out_that_makes_no_sense_is_refused(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("demo", "--timeout", seconds) == 2
    assert "--timeout" in capsys.readouterr().err


def test_work_in_flight_for_one_slug_does_not_hold_up_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / ".profcov"
    for slug in ("a", "busy", "c"):
        write(data, slug, 1)
    with at_work(data, "busy"):
        assert run("--timeout", "0") == 3
    told = capsys.readouterr()
    assert [line.split("\t")[0] for line in told.out.splitlines()] == ["a", "c"]
    assert "busy still has work in flight after 0 s" in told.err
    assert len(list_shards(data, Slug("busy"))) == 1


def test_without_a_slug_it_combines_those_too_that_only_a_note_is_left_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(tmp_path / ".profcov", "dead")[0].abandon()
    write(tmp_path / ".profcov", "demo", 1)
    assert run() == 1
    rows = [line.split("\t")[:4] for line in capsys.readouterr().out.splitlines()]
    assert rows == [["dead", "0", "0", "partial; process-died"], ["demo", "?", "1", "complete"]]
    assert run() == 3


def test_a_directory_of_an_older_profcov_is_named_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("demo.coverage.host.1.2", "demo.coverage.json"):
        directory = tmp_path / name
        directory.mkdir()
        (directory / name).touch()
        assert run("--data-dir", directory) == 3
        told = capsys.readouterr()
        assert told.err.startswith(f"profcov: cannot read {directory}: {name} is of an older profcov")
        assert (told.out, told.err.count("\n")) == ("", 1)

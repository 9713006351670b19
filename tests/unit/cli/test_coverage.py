"""``profcov coverage``, on real artifacts of a small program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from profcov.cli.main import main
from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.files import file_digest
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., tuple[int, str, str]]

PROGRAM = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    for name in ("DIR", "CONFIG"):
        monkeypatch.delenv(f"PROFILE_COVERAGE_{name}", raising=False)

    def call(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as done:
            main(["coverage", *words])
        captured = capsys.readouterr()
        return int(str(done.value.code)), captured.out, captured.err

    return call


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def play(program: Path, slug: str, *lines: int, combined: bool = True) -> None:
    data = program.parent / ".profcov"
    facts = {"sources": {str(program): file_digest(program)}}
    write_shard(DataDirectory(data), Slug(slug), f"profile:{slug}", {str(program): set(lines)}, facts=facts)
    if combined:
        combine(DataDirectory(data), Slug(slug))


def test_profiles_are_reported_on_alone_and_together(run: Run, program: Path, tmp_path: Path) -> None:
    play(program, "first", 1, 2)
    play(program, "second", 5, 6)
    code, out, _ = run("report")
    assert (code, out.split()[-1]) == (0, "100%")
    assert run("report", "first")[1].split()[-1] == "50%"
    code, out, _ = run("json", "second", "--out", "second.json")
    assert (code, out) == (0, "json\tsecond.json\n")
    assert json.loads((tmp_path / "second.json").read_text())["totals"]["percent_covered"] == 50
    assert sorted(path.name for path in (tmp_path / ".profcov").glob("*.coverage")) == [
        "first.coverage",
        "second.coverage",
    ]


@pytest.mark.parametrize(
    ("form", "name"),
    [("html", "htmlcov/index.html"), ("xml", "coverage.xml"), ("json", "coverage.json"), ("lcov", "coverage.lcov")],
)
def test_each_report_goes_where_coverage_py_puts_it(
    run: Run, program: Path, tmp_path: Path, form: str, name: str
) -> None:
    play(program, "first", 1, 2)
    code, out, _ = run(form)
    assert (code, out.split("\t")[0]) == (0, form)
    assert (tmp_path / name).stat().st_size > 50


def test_a_dash_is_standard_output_which_has_the_report_and_nothing_else(run: Run, program: Path) -> None:
    play(program, "first", 1, 2)
    before = sorted(Path.cwd().iterdir())
    code, out, _ = run("json", "--out", "-")
    assert (code, json.loads(out)["totals"]["percent_covered"]) == (0, 50)
    for form, start in (("xml", "<?xml"), ("lcov", ("SF:", "TN:")), ("report", "Name")):
        code, out, _ = run(form, "--out", "-")
        assert (code, out.startswith(start), f"{form}\t" in out) == (0, True, False)
    code, out, err = run("html", "--out", "-")
    assert (code, out, err.splitlines()[-1][:40]) == (2, "", "Error: an html report is a directory of ")
    assert sorted(Path.cwd().iterdir()) == before


def test_the_total_is_a_gate(run: Run, program: Path) -> None:
    play(program, "first", 1, 2)
    assert run("report", "--fail-under", "50")[0] == 0
    code, _, err = run("report", "--fail-under", "50.5")
    assert (code, err) == (1, "profcov: the total of 50.00 % is below 50.5 %\n")


def test_one_process_s_share_is_never_reported(run: Run, program: Path) -> None:
    play(program, "first", 1, 2)
    play(program, "first", 5, 6, combined=False)
    code, out, err = run("report", "--fail-under", "10")
    assert (code, out) == (3, "")
    assert "1 shards of first are not in it: run `profcov combine first`, or add --stale-ok" in err
    assert run("report", "--stale-ok")[1].split()[-1] == "50%"
    combine(DataDirectory(program.parent / ".profcov"), Slug("first"), append=True)
    assert run("report")[1].split()[-1] == "100%"


def test_a_source_that_changed_is_refused(run: Run, program: Path) -> None:
    play(program, "first", 1, 2)
    program.write_text("# new\n" + PROGRAM)
    code, out, err = run("report")
    assert (code, out) == (3, "")
    assert f"{program} changed since it was recorded" in err
    assert run("report", "--ignore-source-changes")[0] == 0


@pytest.mark.parametrize("words", [("report", "nowhere"), ("report",)])
def test_where_nothing_was_recorded_that_is_reported(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / ".profcov").mkdir()
    code, _, err = run(*words)
    assert (code, err.count("\n")) == (3, 1)


def test_what_coverage_py_cannot_report_on_is_one_sentence(run: Run, program: Path) -> None:
    play(program, "first", 1, 2)
    program.unlink()
    code, _, err = run("report")
    assert (code, err.count("\n")) == (3, 1)
    assert "coverage.py cannot report on it: No source for code" in err


def test_a_report_can_go_to_a_file_and_where_that_cannot_be_is_one_sentence(run: Run, program: Path) -> None:
    play(program, "first", 1, 2)
    code, out, err = run("report", "--out", "report.txt")
    assert (code, out, err) == (0, "report\treport.txt\n", "")
    assert "TOTAL" in Path("report.txt").read_text()
    for form in ("report", "xml", "json", "lcov"):
        code, out, err = run(form, "--out", "report.txt/below")
        assert (code, err.count("\n")) == (3, 1)
        assert err.startswith("profcov: cannot write ")

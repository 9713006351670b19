"""Whoever counts the lines of an artifact says what coverage.py says: statements, wherever they are printed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from profcov.cli.main import DATA, main
from profcov.cli.playback_output import print_artifacts
from profcov.playback.player.existing import Existing
from profcov.playback.player.runner import Outcome, count_outcomes
from profcov.playback.results.document import Run, results_document
from profcov.playback.results.summary import summary_text
from profcov.playback.scenario.model import Profile
from profcov.reading.report.dashboard.page import read_data
from profcov.slug import Slug

if TYPE_CHECKING:
    from typing import Any

SHOP = '''"""A shop,
documented."""

import functools


def noted(function):
    @functools.wraps(function)
    def inner(*goods):
        return function(
            *goods,
        )

    return inner


@noted
@noted
def sell(
    goods,
    *more,
):
    """Sell,
    documented."""
    if not goods:
        return 0
    total = (
        sum(goods)
        + 1
    ); extra = [
        each
        for each in more
    ]
    if total > 100:  # pragma: no cover
        raise ValueError("too much")
    text = """
    a
    b
    """
    while extra:
        extra.pop(
        )
    match total:
        case 4:
            return [total,
                    text][0]
        case _:
            return 0


class Till: money = 0


def open_till(): return Till()


def never():
    """Say nothing."""
'''
PLAY = """
import shop
import profcov
with profcov.trace("a"):
    shop.sell([1, 2])
    shop.open_till()
"""


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as caught:
        main([*args])
    printed = capsys.readouterr()
    return caught.value.code, printed.out, printed.err


@pytest.fixture(params=["lines", "branches"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("PROFILE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "play.py").write_text(PLAY)
    branch = request.param == "branches"
    (tmp_path / "c.ini").write_text(f"[run]\nsource_pkgs = shop\nrelative_files = true\nbranch = {branch}\n")
    environ = {**os.environ, "ENABLE_PROFILE_COVERAGE": "1", "PROFILE_COVERAGE_CONFIG": "c.ini", "PYTHONPATH": "."}
    subprocess.run([sys.executable, "play.py"], env=environ, check=True)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def count_by_coverage_py(*words: str) -> str:
    artifact = shutil.copy(".profcov/a.coverage", "theirs")  # their reports may delete what is beside it
    program = [sys.executable, "-m", "coverage", *words, f"--data-file={artifact}", "--rcfile=c.ini"]
    return subprocess.run(program, capture_output=True, text=True, check=True).stdout


def count_by_playback(capsys: pytest.CaptureFixture[str]) -> list[int]:
    profile = Profile(Path("profiles/a.yaml"), Slug("a"), "", None, {}, ())
    played = count_outcomes([Outcome(profile, None, None, Existing(Path(".profcov/a.coverage")))], None)
    print_artifacts(played)
    of_rows = capsys.readouterr().out.split("\t")[3]
    results = Run(played, is_traced=True, began=0.0, seconds=1.0, exit_code=0)
    of_json = results_document(results)["profiles"][0]["artifact"]["lines"]
    of_summary = summary_text(results).splitlines()[-1].split("|")[4]
    return [int(of_rows), of_json, int(of_summary)]


def test_everything_that_counts_lines_says_what_coverage_py_says(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found: dict[str, str | int] = {"combine": run(capsys, "combine")[1].split("\t")[1]}
    theirs = json.loads(count_by_coverage_py("json", "-q", "-o", "-") or "{}")["totals"]["covered_lines"]
    statements, missed = count_by_coverage_py("report").splitlines()[-1].split()[1:3]
    assert theirs == int(statements) - int(missed) > 5
    found["matrix"] = run(capsys, "matrix")[1].splitlines()[1].split("\t")[1]
    found["matrix json"] = json.loads(run(capsys, "matrix", "--format", "json")[1])["profiles"]["a"]["lines"]
    row = next(line for line in Path("artifacts/summary.md").read_text().splitlines() if "| `a` |" in line)
    found["summary"] = row.split("|")[-4]
    found["report"] = run(capsys, "report")[1].splitlines()[1].split("\t")[3]
    document = json.loads(Path("artifacts/a-coverage.json").read_text())
    found["report json"] = document["summary"]["lines_covered"]
    found["modules"] = sum(len(each["executed_lines"]) for each in document["modules"])
    run(capsys, "dashboard")
    found["dashboard"] = read_data(Path("artifacts/index.html").read_text())["profiles"][0]["lines"]
    run(capsys, "coverage", "json", "--out", "ours.json")
    found["coverage"] = json.loads(Path("ours.json").read_text())["totals"]["covered_lines"]
    rows, results, summary = count_by_playback(capsys)
    found |= {"playback": rows, "results": results, "step summary": summary}
    assert {name: int(lines) for name, lines in found.items()} == dict.fromkeys(found, theirs)
    run(capsys, "symbols", "--out", "symbols.json")
    inventory = json.loads(Path("symbols.json").read_text())
    assert len(inventory["files"][0]["statements"]) == document["summary"]["lines_total"] == int(statements)


def test_where_the_source_is_not_here_nothing_shows_how_many_statements_ran(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("shop.py").rename("elsewhere.py")
    assert run(capsys, "combine")[1].split("\t")[1] == "?"
    Path("shop.py").write_text(SHOP + "\n")  # another version
    assert run(capsys, "report")[0] == DATA
    profile = Profile(Path("profiles/a.yaml"), Slug("a"), "", None, {}, ())
    (played,) = count_outcomes([Outcome(profile, None, None, Existing(Path(".profcov/a.coverage")))], None)
    assert played.lines is None
    results = Run([played], is_traced=True, began=0.0, seconds=1.0, exit_code=0)
    assert "| complete | ? |" in summary_text(results)
    assert results_document(results)["profiles"][0]["artifact"]["lines"] is None

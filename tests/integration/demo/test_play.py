from __future__ import annotations

import ast
import concurrent.futures
import itertools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import profcov.demo
from profcov.demo.run import play_demo
from profcov.store.read import read_lines
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from profcov.playback.play import PlayResult

DEMO = Path(profcov.demo.__file__).parent
USES = {
    ("wbt", "delineate_wbt"): {"us-small-wbt-daymet", "us-small-wbt-stochastic-disturbed", "us-small-wbt-storm-query"},
    ("topaz", "delineate_topaz"): {
        "us-small-topaz-daymet-upload",
        "us-small-topaz-stochastic",
        "us-small-topaz-storm",
    },
    ("daymet", "read_bundled"): {"us-small-wbt-daymet"},
    ("stochastic", "generate_weather"): {"us-small-topaz-stochastic", "us-small-wbt-stochastic-disturbed"},
    ("storm", "make_storm"): {"us-small-topaz-storm", "us-small-wbt-storm-query"},
    ("disturbed", "disturb_soils"): {"us-small-wbt-stochastic-disturbed"},
}
"""Functions of one method each, and the profiles whose YAML asks for the method."""


@dataclass(frozen=True)
class Played:
    results: list[PlayResult]
    out: Path

    def lines(self) -> dict[str, dict[str, set[int]]]:
        return {result.slug: read_lines(self.out / f"{result.slug}.coverage") for result in self.results}


@pytest.fixture(scope="module")
def plays(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Played]:
    """Play all profiles at once, and beside that, elsewhere, one after another: one process, one thread, one worker."""
    outs = tmp_path_factory.mktemp("at-once"), tmp_path_factory.mktemp("in-turn")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("REDIS_URL", raising=False)  # each starts its own: its jobs are for its own workers
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            at_once = pool.submit(play_demo, outs[0])
            in_turn = pool.submit(play_demo, outs[1], jobs=1, single=True)
            return Played(at_once.result(), outs[0]), Played(in_turn.result(), outs[1])


def test_profiles_played_at_once_have_the_lines_that_they_have_played_in_turn(plays: tuple[Played, Played]) -> None:
    at_once, in_turn = (played.lines() for played in plays)
    assert len(at_once) >= 6
    assert at_once.keys() == in_turn.keys()
    for slug, lines in at_once.items():
        assert lines == in_turn[slug], slug


def test_every_artifact_is_complete_and_says_so(plays: tuple[Played, Played]) -> None:
    for played in plays:
        for result in played.results:
            assert result.artifact is not None
            assert result.artifact.complete
            facts = read_sidecar(played.out / f"{result.slug}.coverage")
            assert (facts["slug"], facts["status"], facts["reasons"]) == (result.slug, "complete", [])
            assert facts["job_ids"] == sorted(result.jobs)
            assert facts["job_ids"] or result.slug == "bad-input"


def test_no_two_profiles_run_the_same_lines(plays: tuple[Played, Played]) -> None:
    for one, other in itertools.combinations(plays[0].lines().items(), 2):
        assert one[1] != other[1], (one[0], other[0])


@pytest.mark.parametrize(("module", "function"), USES)
def test_a_method_is_in_exactly_the_profiles_that_use_it(
    plays: tuple[Played, Played], module: str, function: str
) -> None:
    path = DEMO / "watershed" / f"{module}.py"
    (found,) = (
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name == function
    )
    body = set(range(found.body[0].lineno, (found.end_lineno or 0) + 1))
    for played in plays:
        users = {
            slug
            for slug, files in played.lines().items()
            if any(Path(name).name == path.name and lines & body for name, lines in files.items())
        }
        assert users == USES[module, function]


def test_only_the_demo_application_is_measured(plays: tuple[Played, Played]) -> None:
    files = {name for lines in plays[0].lines().values() for name in lines}
    assert len(files) > 10
    assert all("demo" in Path(name).parts for name in files)


def test_coverage_pys_own_report_reads_every_artifact(plays: tuple[Played, Played], tmp_path: Path) -> None:
    played = plays[0]
    for result in played.results:
        report = tmp_path / "report.json"
        words = ["json", f"--data-file={played.out / result.slug}.coverage", "-o", str(report), "--quiet"]
        done = subprocess.run(
            [sys.executable, "-m", "coverage", *words],
            env={**os.environ, "COVERAGE_RCFILE": str(DEMO / "coverage.profile-playback.ini")},
            cwd=DEMO.parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        executed = sum(len(file["executed_lines"]) for file in json.loads(report.read_text())["files"].values())
        # A report leaves out what is no statement: docstrings, the first line of a module.
        assert 0 < executed <= sum(map(len, read_lines(played.out / f"{result.slug}.coverage").values()))

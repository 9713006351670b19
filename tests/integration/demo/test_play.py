from __future__ import annotations

import ast
import concurrent.futures
import itertools
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import profcov.demo
from profcov.demo.run import play_demo
from profcov.reading.analysis.index import SymbolIndex
from profcov.reading.analysis.profile_report import report_profile
from profcov.reading.report.profile_json import profile_document
from profcov.reading.symbols.inventory import build_inventory
from profcov.reading.symbols.model import SymbolName
from profcov.slug import Slug
from profcov.store.read import read_artifact, read_lines
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from profcov.playback.player.play import PlayResult

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


def test_coverage_pys_own_report_and_profcovs_agree_on_every_file_of_every_artifact(
    plays: tuple[Played, Played], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(DEMO.parents[2])
    config = DEMO / "coverage.profile-playback.ini"
    index = SymbolIndex(build_inventory(config))
    for result in plays[0].results:
        recorded = read_artifact(plays[0].out, result.slug)
        totals = report_with_coverage(str(shutil.copy(plays[0].out / f"{result.slug}.coverage", tmp_path)), config)
        document = profile_document(report_profile(index, recorded))
        assert document["summary"]["lines_covered"] == totals["totals"]["covered_lines"] > 0
        assert document["summary"]["lines_total"] == totals["totals"]["num_statements"]
        assert document["summary"]["file_count"] == len(totals["files"])
        for module in document["modules"]:
            facts = totals["files"].get(module["file"], {"executed_lines": [], "missing_lines": []})
            assert set(module["executed_lines"]) <= set(facts["executed_lines"])
            assert not set(module["executed_lines"]) & set(facts["missing_lines"])


def report_with_coverage(artifact: str, config: Path) -> dict[str, Any]:
    words = ["json", f"--data-file={artifact}", f"--rcfile={config}", "-o", f"{artifact}.report", "--quiet"]
    done = subprocess.run([sys.executable, "-m", "coverage", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(Path(f"{artifact}.report").read_text())
    return report


def test_symbols_that_only_jobs_reach_are_told_from_those_of_requests(
    plays: tuple[Played, Played], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(DEMO.parents[2])
    index = SymbolIndex(build_inventory(DEMO / "coverage.profile-playback.ini"))
    report = report_profile(index, read_artifact(plays[0].out, Slug("us-small-topaz-stochastic")))
    only_jobs = report.only_jobs[SymbolName("profcov.demo.watershed.stochastic:generate_weather")]
    assert all(function.startswith("profcov.demo.jobs.") for function in only_jobs), only_jobs
    assert not any(name.startswith("profcov.demo.routes:") for name in report.only_jobs)

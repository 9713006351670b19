"""``profcov minimise`` from arguments to output."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from profcov.cli.main import DATA, main
from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.files import file_digest
from profcov.store.shard import write_shard

ROOT = Path(__file__).resolve().parents[3]
SOURCE = "def f(x):\n    if x:\n        return 1\n    return 2\n\n\ndef g():\n    return 3\n"
PROFILE = """
slug: {slug}
steps:
- name: see
  request: {{path: /}}
  expect: {{status: {status}}}
"""


@pytest.fixture
def project(one_file_project: Path) -> Path:
    (one_file_project / "app.py").write_text(SOURCE)
    record("all", [2, 3, 8])
    record("other", [2, 4])
    record("some", [2, 3])
    return one_file_project


def record(slug: str, lines: list[int]) -> None:
    facts = {"sources": {"app.py": file_digest("app.py")}, "imported": ["app.py"]}
    data = DataDirectory(Path(".profcov").absolute())
    write_shard(data, Slug(slug), f"profile:{slug}", {"app.py": set(lines)}, facts=facts)
    combine(data, Slug(slug), config_file=Path("coverage.profile-playback.ini"))


def played(**seconds: float | None) -> tuple[str, str]:
    """Return the option that names what `profcov playback --json` writes of profiles that took so many seconds."""
    profiles = [{"profile": slug, "seconds": each, "requests": each and 1} for slug, each in seconds.items()]
    Path("played.json").write_text(json.dumps({"schema_version": 2, "profiles": profiles}))
    return "--playback", "played.json"


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["minimise", *args])
    printed = capsys.readouterr()
    return caught.value.code, printed.out, printed.err


def test_each_profile_has_a_verdict_with_its_reason(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed, err = run(capsys)
    assert code == 0
    assert printed.splitlines() == [
        "profile\tverdict\tseconds\tmargin\twhy",
        "all\tessential\t?\t2\t2 lines need it: first app:f, line 3",
        "other\tessential\t?\t1\t1 line needs it: app:f, line 4",
        "some\tredundant\t?\t0\trun by all (2); what it asserts is not known",
    ]
    assert err.splitlines() == [
        "2 of 3 profiles run all 4 lines that any profile runs (no others cost less)",
        "no play was timed, so each profile counts as 1: --playback FILE has the seconds",
        "coverage is not what a profile checks: a redundant one may be the only one that notices a wrong answer",
    ]


def test_seconds_are_those_of_a_results_file_and_a_profile_that_was_not_timed_counts_as_the_median(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _code, printed, err = run(capsys, *played(all=4.0, other=None, some=1.5))
    assert [row.split("\t")[2] for row in printed.splitlines()[1:]] == ["4.0", "?", "1.5"]
    assert "they take 6.8 of 8.2 s\nother was not timed: the median of the others counts\n" in err


def test_what_only_a_redundant_profile_asserts_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "profiles").mkdir()
    for slug, status in (("all", 200), ("other", 200), ("some", 404)):
        (project / "profiles" / f"{slug}.yaml").write_text(PROFILE.format(slug=slug, status=status))
    assert "some\tredundant\t?\t0\trun by all (2); only it asserts: GET /: status 404\n" in run(capsys)[1]
    (project / "profiles" / "some.yaml").write_text(PROFILE.format(slug="some", status=200))
    assert "run by all (2); asserts nothing that the others do not\n" in run(capsys)[1]
    (project / "profiles" / "some.yaml").write_text("slug: some\n")
    code, printed, err = run(capsys)
    assert code == 0
    assert "what it asserts is not known\n" in printed
    assert "profcov: warning: " in err


@pytest.mark.parametrize("unit", ["line", "symbol", "job-line"])
def test_json_is_as_its_schema_has_it(project: Path, capsys: pytest.CaptureFixture[str], unit: str) -> None:
    schema = json.loads((ROOT / "docs/reference/minimise.schema.json").read_text())
    document = json.loads(run(capsys, "--by", unit, "--budget", "2", "--format", "json")[1])
    jsonschema.validate(document, schema)
    assert document["by"] == unit
    assert document["budget"]["inside"][0]["profile"] == "all"
    assert next(each["profile"] for each in document["curve"]) == "all"


def test_job_lines_without_labels_of_jobs_are_lines_and_a_note_says_so(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "record with PROFILE_COVERAGE_CONTEXT=route" in run(capsys, "--by", "job-line")[2]


def test_a_budget_shows_what_runs_after_how_many_seconds(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    timed = played(all=4.0, other=2.0, some=1.0)
    assert run(capsys, *timed, "--budget", "3")[1].splitlines() == [
        "profile\tverdict\tseconds\tadds\ttotal seconds\tshare",
        "some\tinside\t1.0\t2\t1.0\t50.0",
        "other\tinside\t2.0\t1\t3.0\t75.0",
        "all\toutside\t4.0\t1\t7.0\t100.0",
    ]
    assert run(capsys, *timed, "--budget", "3", "--format", "names")[1] == "some\nother\n"
    assert run(capsys, *timed, "--format", "names", "--keep", "some")[1] == "all\nother\nsome\n"


def test_each_part_of_a_profile_is_shown_with_those_who_run_it_too(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "--explain", "all")[1].splitlines() == [
        "symbol\twhere\trun by",
        "app:f\tapp.py:2\tother",
        "app:f\tapp.py:3\t",
        "app:g\tapp.py:8\t",
    ]


def test_an_incomplete_artifact_is_marked_and_an_unknown_profile_refused(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / ".profcov" / "some.profile.json").unlink()
    _code, printed, err = run(capsys)
    assert "run by all (2) (not known to be complete)" in printed
    assert "some: not known to be complete, and may run more than was recorded\n" in err
    assert run(capsys, "--keep", "sone")[0] == DATA


def test_no_output_advises_to_throw_a_profile_away(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "".join(
        "".join(map(str, run(capsys, *args)))
        for args in ([], ["--format", "md"], ["--format", "json"], ["--budget", "1"], ["--help"])
    )
    page = (ROOT / "docs/how-to/minimise.md").read_text()
    assert re.findall("delete|remove|drop|obsolete", words + page, re.IGNORECASE) == []

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from profcov.cli.playback_output import append_step_summary, write_results
from profcov.errors import CoverageWriteError, PlaybackError, TargetError
from profcov.playback.player.existing import Existing
from profcov.playback.player.play import PlayResult
from profcov.playback.player.runner import Outcome
from profcov.playback.results.document import Run, results_document
from profcov.playback.results.junit import junit_document
from profcov.playback.results.summary import summary_text
from profcov.playback.scenario.model import Profile
from profcov.slug import Slug
from profcov.store.combine import Artifact

if TYPE_CHECKING:
    from typing import Any

HOSTILE = "]]> <b>&amp; \x00\x1b[31m \ud800 \ufffe \u2028 \" ' | `x` \n<script> @all [a](b) ä 🐍"


def profile(slug: str) -> Profile:
    return Profile(Path(f"profiles/{slug}.yaml"), Slug(slug), "", None, {}, ())


def made(slug: str, *reasons: str) -> Artifact:
    path = Path(f"out/{slug}.coverage")
    figures: dict[str, Any] = {"files": 1, "shards": 1, "changed": {}, "impossible": {}}
    return Artifact(Slug(slug), path, path, complete=not reasons, reasons=reasons, **figures)


@pytest.fixture
def run() -> Run:
    return Run(
        [
            Outcome(
                profile("good"), PlayResult(Slug("good"), 3, 1.5, ("j1",), made("good")), None, seconds=1.5, lines=7
            ),
            Outcome(
                profile("part"),
                PlayResult(Slug("part"), 3, 1.5, (), made("part", "jobs-unfinished"), (HOSTILE,)),
                None,
                tries=2,
                lines=7,
            ),
            Outcome(profile("bad"), None, PlaybackError("bad", "climate", HOSTILE), tries=3, seconds=2.25),
            Outcome(profile("gone"), None, TargetError("http://x", "nothing answers")),
            Outcome(profile("kept"), None, None, Existing(Path("out/kept.coverage")), tries=0, lines=5),
        ],
        is_traced=True,
        began=0.0,
        seconds=4.0,
        exit_code=4,
    )


def test_junit_has_a_case_for_each_profile(run: Run) -> None:
    root = ET.fromstring(junit_document(run))
    suite = root.find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time", "timestamp")} == {
        "tests": "5",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
        "time": "4.000",
        "timestamp": "1970-01-01T00:00:00+00:00",
    }
    cases = {case.get("name"): case for case in suite}
    assert {name: [each.tag for each in case] for name, case in cases.items()} == {
        "good": ["system-out"],
        "part": ["system-out"],
        "bad": ["failure"],
        "gone": ["error"],
        "kept": ["skipped"],
    }
    assert cases["part"][0].text == "out/part.coverage: partial; jobs-unfinished, 7 lines"
    assert (cases["bad"].get("time"), cases["bad"].get("file")) == ("2.250", "profiles/bad.yaml")
    assert cases["bad"][0].get("type") == "playback"


def test_junit_stays_xml_whatever_an_answer_held(run: Run) -> None:
    failure = ET.fromstring(junit_document(run)).find(".//failure")
    assert failure is not None
    text, message = str(failure.text), str(failure.get("message"))
    assert "]]> <b>&amp; \\x00\\x1b[31m \\ud800 \\ufffe" in text
    assert "<script>" in text
    assert "ä 🐍" in text
    assert text.replace("\n", " ").split() == message.split()


def test_the_json_document_says_how_each_profile_ended(run: Run) -> None:
    document = json.loads(json.dumps(results_document(run)))
    assert document["totals"] == {"passed": 2, "failed": 2, "skipped": 1}
    good, part, bad, gone, kept = document["profiles"]
    assert good == {
        "profile": "good",
        "file": "profiles/good.yaml",
        "state": "passed",
        "tries": 1,
        "seconds": 1.5,
        "requests": 3,
        "jobs": ["j1"],
        "notes": [],
        "artifact": {"file": "out/good.coverage", "status": "complete", "reasons": [], "lines": 7},
        "error": None,
    }
    assert part["notes"] == [HOSTILE]
    assert (part["artifact"]["status"], part["artifact"]["reasons"]) == ("partial", ["jobs-unfinished"])
    assert (bad["error"]["code"], bad["error"]["step"], bad["tries"]) == ("playback", "climate", 3)
    assert gone["error"] == {"code": "target", "step": None, "message": "http://x: nothing answers"}
    assert (kept["state"], kept["artifact"]["lines"]) == ("skipped", 5)


def test_the_summary_is_a_table_that_no_answer_can_break(run: Run) -> None:
    lines = summary_text(run).splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + len(run.outcomes)
    assert {line.count("|") for line in table} == {9}
    assert "2 passed, 2 failed, 1 skipped; 4.0 s" in lines
    failures = [line for line in lines if line.startswith("- ")]
    assert len(failures) == 3  # and a note
    for line in (failures[0], failures[2]):
        assert not set("<>[]`@|") & set(line)
        assert set(line) - set(string.printable) == {"ä", "🐍"}


def test_github_gets_as_much_of_a_summary_as_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    append_step_summary("# Before\n")
    append_step_summary("".join(f"- line {number} ä\n" for number in range(100_000)))
    text = summary.read_text()
    assert text.startswith("# Before\n- line 0 ä\n")
    assert text.endswith(" ä\n\nThe rest is left out: GitHub shows no summary of more than 1 MiB.\n")
    assert 1024 * 1024 - 100 < summary.stat().st_size <= 1024 * 1024
    append_step_summary("after\n" * 1000)
    assert summary.read_text() == text


def test_a_report_that_cannot_be_written_is_no_reason_to_lack_the_others(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    (tmp_path / "results.json").write_text("of an earlier run")
    (tmp_path / "kept.json").hardlink_to(tmp_path / "results.json")
    with pytest.raises(CoverageWriteError, match=str(tmp_path)):
        write_results(run, junit=tmp_path, results=tmp_path / "results.json")
    assert (tmp_path / "kept.json").read_text() == "of an earlier run"  # replaced whole, not written over
    assert json.loads((tmp_path / "results.json").read_text()) == json.loads(json.dumps(results_document(run)))
    assert (tmp_path / "summary.md").read_text() == summary_text(run)

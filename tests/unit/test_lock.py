"""What a clone installs is what was tested: the lock file fits pyproject.toml, and says so when it does not."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
DOCS_LOCK = (ROOT / "requirements-docs.lock").read_text(encoding="utf-8")
WORKFLOW = ROOT / ".github" / "workflows" / "newest.yml"
CI = WORKFLOW.with_name("ci.yml")


def load_tool() -> Any:
    spec = importlib.util.spec_from_file_location("lock", ROOT / "tools" / "lock.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = load_tool()
misfits = tool.misfits


def test_the_lock_file_fits_the_project_on_each_python() -> None:
    assert misfits(PROJECT, LOCK) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            '"pyyaml>=6"',
            '"pyyaml>=99"',
            r"has pyyaml 6\S+, and pyproject.toml asks for pyyaml>=99 \(Python 3.11, .*3.15\)",
        ),
        ('"pyyaml>=6"', "\"nobody; python_version < '3.13'\"", r"has no nobody, and .*\"3.13\" \(Python 3.11, 3.12\)"),
        ('"celery[redis]>=5.6"', '"celery[sqs]>=5.6"', r"has celery\['redis'\] \S+, and .* celery\[sqs\]>=5.6 \(.*\)"),
        ('"httpx>=0.27",', "", "has httpx, and pyproject.toml no longer asks for it"),
        ('"uvicorn>=0.30",', '"uvicorn>=99",', r"has uvicorn \S+, and pyproject.toml asks for uvicorn>=99 \(.*\)"),
    ],
)
def test_what_the_lock_file_does_not_meet_is_reported(old: str, new: str, sentence: str) -> None:
    assert old in PROJECT
    said = misfits(PROJECT.replace(old, new), LOCK)
    assert any(re.fullmatch(sentence, each) for each in said), said


def test_the_core_group_is_installed_with_the_pins_of_the_lock_file_and_nothing_of_the_frameworks() -> None:
    core = tool.split(f"\n{tool.cut(PROJECT, LOCK, 'core').rstrip()}")
    assert set(core) <= {block.rstrip() for block in tool.split(LOCK)}
    pins = [Requirement(block.split(" \\\n")[0]) for block in core]
    names = {pin.name for pin in pins if not pin.marker or pin.marker.evaluate()}
    assert names >= {"coverage", "pytest", "iniconfig", "hypothesis", "hatchling"}
    assert not names & {"django", "gevent", "opentelemetry-api", "playwright"}
    for name in names:
        needs = [Requirement(text) for text in requires(name) or []]
        missing = {tool.name_of(need.name) for need in needs if not need.marker or need.marker.evaluate()} - names
        assert missing == set(), name


def test_the_lock_file_of_the_docs_site_fits_its_group() -> None:
    pins = [Requirement(block.split(" \\\n")[0]) for block in tool.split(DOCS_LOCK)]
    wanted = [Requirement(text) for text in tool.in_group(tomllib.loads(PROJECT)["dependency-groups"], "docs")]
    assert {need.name for need in wanted} >= {"mike", "zensical"}
    for need in wanted:
        found = [pin for pin in pins if pin.name == need.name]
        assert found
        assert [problem for pin in found for problem in tool.compare(need, pin)] == []


@pytest.mark.parametrize("lock", [LOCK, DOCS_LOCK], ids=["everything", "docs"])
def test_the_lock_file_has_names_versions_and_hashes_and_no_place_of_any_machine(lock: str) -> None:
    for block in re.split(r"\n(?=[^\s#])", lock)[1:]:
        assert re.match(r"[a-z0-9-]+(\[[a-z,-]+\])?==\S+( ; .*)? \\\n    --hash=sha256:", block), block
    assert "://" not in lock
    assert not re.search(r"^\s*-(?!-hash=)", lock, re.MULTILINE), "an option"


def test_ci_runs_the_tests_on_each_python_that_the_project_names() -> None:
    jobs: Any = yaml.safe_load(CI.read_text(encoding="utf-8"))["jobs"]
    assert jobs["test"]["strategy"]["matrix"]["python"] == tool.pythons(tomllib.loads(PROJECT)["project"])


def test_the_workflow_of_the_newest_runs_sessions_that_there_are() -> None:
    job: Any = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["newest"]
    (run,) = (step["run"] for step in job["steps"] if "nox -s newest" in step.get("run", ""))
    assert run.endswith("nox -s newest-${{ matrix.python }}")
    assert {"3.11", "3.12", "3.13"} <= set(job["strategy"]["matrix"]["python"])
    words = [sys.executable, "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), "--list", "--json", "-s", "newest"]
    environ = {**os.environ, "CI": "true"}  # those of Pythons that are not found here, too
    listed = subprocess.run(words, capture_output=True, text=True, check=True, env=environ)
    assert {"newest-3.11", "newest-3.12", "newest-3.13"} <= {each["session"] for each in json.loads(listed.stdout)}

"""The workflow that replays the demo every night: its steps are run as GitHub runs them."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from profcov.cli.main import profcov

ROOT = Path(__file__).resolve().parents[3]
WORKFLOW = ROOT / ".github" / "workflows" / "nightly-profile-replay.yml"
PAGE = ROOT / "docs" / "how-to" / "nightly.md"


def steps() -> dict[str, str]:
    jobs: Any = yaml.safe_load(WORKFLOW.read_text())["jobs"]
    return {step["name"]: step["run"] for step in jobs["replay"]["steps"] if "run" in step}


def commands() -> list[str]:
    """Return each call of profcov in the workflow and on the page, on one line."""
    texts = [*steps().values(), PAGE.read_text()]
    lines = [line for text in texts for line in text.replace("\\\n", " ").splitlines()]
    return [
        found[0]
        for line in lines
        if (found := re.search(r"\bprofcov (nightly|demo|run) [^|>&`]+?(?= *\d?[|>&`]|$)", line))
    ]


@pytest.mark.parametrize("line", commands())
def test_every_option_that_is_shown_is_there(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "profiles").mkdir()
    (tmp_path / "src").mkdir()
    line = re.sub(r'"(api_url=)?\$\((.*?)\)"', r"\1http://127.0.0.1:8000", line)
    line = line.replace("--profiles http://127.0.0.1:8000", "--profiles profiles")
    _, name, *words = shlex.split(line)
    context = click.Context(profcov)
    found = profcov.get_command(context, name)
    assert found is not None
    found.make_context(name, words, parent=context)


def test_the_workflow_replays_the_demo(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("--full"):
        pytest.skip("it plays the whole demo: --full")
    assert steps()["Install"] == 'pip install ".[demo]"'
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    # GitHub has a shell for each step, and ends what is left of them in the end.
    script = tmp_path / "steps.sh"
    script.write_text(f"set -e\n{steps()['Start the application']}\n{steps()['Replay']}")
    with subprocess.Popen(["bash", script], cwd=tmp_path, env=environ, start_new_session=True) as shell:
        try:
            assert shell.wait(170) == 0
        finally:
            os.killpg(shell.pid, signal.SIGTERM)
    (night,) = (each for each in (tmp_path / "nights").iterdir() if each.is_dir())
    assert "7 passed" in (night / "summary.md").read_text()

"""``make quick`` runs what starts no process, and skips the rest at that moment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORDS = [sys.executable, "-m", "pytest", "-p", "pytest_timeout", "-p", "no:cacheprovider", "--quick", "-q", "-rs"]
STARTS_ONE = "test_the_workflow_of_the_newest_runs_sessions_that_there_are"
STARTS_NONE = "test_ci_runs_the_tests_on_each_python_that_the_project_names"


def test_a_test_that_starts_a_process_is_skipped_and_the_others_run() -> None:
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    words = [*WORDS, *(f"tests/unit/test_lock.py::{name}" for name in (STARTS_ONE, STARTS_NONE))]
    done = subprocess.run(words, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert re.search(r"^1 passed, 1 skipped in ", done.stdout, re.MULTILINE), done.stdout + done.stderr
    assert "starts a process: `make test` runs it" in done.stdout

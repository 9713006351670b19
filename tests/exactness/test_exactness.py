"""For every case: each slug's lines, by file, equal what coverage.py records when that slug's work runs alone."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

CASES = [
    f"{module}:{name}"
    for module in ("threads", "tasks")
    for name, function in vars(importlib.import_module(f"cases.{module}")).items()
    if hasattr(function, "slugs")
]
ENGINES = ["monitoring", "ctrace"] if sys.version_info >= (3, 12) else ["ctrace"]


def run_harness(*arguments):
    done = subprocess.run(
        [sys.executable, str(HERE / "harness.py"), *arguments], capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def find_case(name):
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(f"cases.{module}"), function)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", CASES)
def test_lines_equal_those_of_each_slug_alone(name, engine):
    together = run_harness(name, "profcov", engine)
    slugs = find_case(name).slugs
    alone = {slug: run_harness(name, "oracle", slug) for slug in slugs}
    assert all(alone.values()), "the oracle measured nothing"
    assert len({json.dumps(lines) for lines in alone.values()}) == len(slugs), "the slugs cannot be told apart"
    assert together == alone

"""The benchmark of the matrix runs from end to end; in it, profcov and coverage.py must count the same lines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parents[3] / "tools" / "bench"


def test_it_measures_each_size_and_coverage_json_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "matrix.json"
    sizes = ["--profiles", "5", "--files", "20", "40", "--beside", "2", "10"]
    words = [sys.executable, str(BENCH / "matrix.py"), *sizes, "--out", str(out)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in {0, 1}, done.stderr  # 1 is a goal that was missed
    assert not done.stderr
    found = json.loads(out.read_text(encoding="utf-8"))
    assert [each["symbols"] for each in found["sizes"]] == [200, 400]
    assert all(each["s"] > 0 and each["mb"] > 10 for each in found["sizes"])
    assert found["beside"]["profiles"] == 2

"""The benchmark of the dashboard runs from end to end, and a symbol costs so little that the goal can be met."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from browser import find_chromium

BENCH = Path(__file__).parents[3] / "tools" / "bench"
BYTES_A_SYMBOL = (2_000_000 - 120_000) / 100_000
"""What is left of the goal without script, style and what is seen without scripts."""


def test_it_makes_a_page_and_opens_it(tmp_path: Path) -> None:
    find_chromium()
    out = tmp_path / "dashboard.json"
    sizes = ["--symbols", "5000", "--profiles", "200", "--rounds", "1"]
    words = [sys.executable, str(BENCH / "dashboard.py"), *sizes, "--out", str(out), "--keep", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert not done.stderr
    found = json.loads(out.read_text(encoding="utf-8"))
    assert (found["symbols"] >= 5000, found["profiles"], found["complaints"]) == (True, 200, [])
    assert found["ready_s"] > 0
    assert found["sets"] > 500
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    packed = page.partition('id="data">')[2].partition("<")[0]
    assert len(packed) / found["symbols"] <= BYTES_A_SYMBOL
    assert done.returncode == 0, done.stdout  # a twentieth of what the goals are for: no machine is too slow

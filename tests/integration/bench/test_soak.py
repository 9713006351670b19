"""A short soak: the resident size stays, also when generations change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[3] / "tools" / "bench" / "soak.py"


@pytest.mark.parametrize("options", [(), ("--combine-every", "2500"), ("--compile",)])
def test_memory_stays_over_30_000_traced_requests(options: tuple[str, ...]) -> None:
    words = [sys.executable, str(SOAK), "--requests", "30000", *options]
    done = subprocess.run(words, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "{'traced': 30000}" in done.stdout
    if "--combine-every" in options:
        assert " 120 times a slug was combined" in done.stdout

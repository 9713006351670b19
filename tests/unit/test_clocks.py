"""No test says how fast a machine has to be: time is waited for, with a limit, and never measured."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
MEASURED = re.compile(r"\b(?:process_time|perf_counter|thread_time|timeit|getrusage)\b|monotonic\(\) *-")


def find_clocks(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if MEASURED.search(line)]


def test_no_test_measures_time() -> None:
    programs = set((TESTS / "exactness").glob("*.py")) - set(
        (TESTS / "exactness").glob("test_*.py")
    )  # for hours: `make long`
    texts = {path: path.read_text("utf-8") for path in {*TESTS.rglob("*.py")} - programs - {Path(__file__)}}
    assert len(texts) > 300
    found = {str(path.relative_to(TESTS)): find_clocks(text) for path, text in texts.items()}
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_what_measures_time_is_found() -> None:
    assert len(find_clocks("start = time.process_time()\nassert time.monotonic() - start < 5\n")) == 2
    assert find_clocks("deadline = time.monotonic() + 60\nwhile time.monotonic() < deadline:\n") == []

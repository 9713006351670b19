"""What the dashboard of a large application costs: its size, the time to make it, and the time until it is ready.

``make bench`` runs it. The application and its profiles are made up, the matrix and the page are real, and Chromium opens
the page from disk. Prints the figures and writes ``artifacts/bench/dashboard.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagined import Author
from playwright.sync_api import sync_playwright

from profcov.reading.analysis.overview import Overview
from profcov.reading.report.dashboard.edition import Edition
from profcov.reading.report.dashboard.page import SCRIPT, read_data, read_static, write_page

if TYPE_CHECKING:
    from profcov.reading.analysis.matrix import Matrix

PAGE_GOAL, SCRIPT_GOAL, READY_GOAL_S = 2_000_000, 80_000, 1.5


def main() -> int:
    """Measure, print, and return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=100_000)
    parser.add_argument("--profiles", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5, help="how often the page is opened")
    parser.add_argument("--keep", type=Path, help="leave the page in this directory")
    parser.add_argument("--out", type=Path, default=Path("artifacts/bench/dashboard.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = options.keep or Path(name)
        matrix, matrix_s = clock(Author(options.symbols, options.profiles).write().matrix)
        found = {
            **measure_making(matrix, place),
            "matrix_s": matrix_s,
            **open_page(place / "index.html", options.rounds),
        }
    facts = {"python": platform.python_version(), "cpus": os.cpu_count(), "symbols": len(matrix.index.symbols)}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({**facts, "profiles": len(matrix.profiles), **found}, indent=2) + "\n")
    print(
        f"{len(matrix.index.symbols):,} symbols x {len(matrix.profiles)} profiles, {found['sets']:,} sets of profiles: "
        f"matrix {matrix_s:.1f} s, page {found['page_s']:.1f} s, opened {options.rounds} times in {found['browser']}"
    )
    goals = [
        ("the page has at most 2 MB", found["page_bytes"], PAGE_GOAL, "bytes"),
        ("its script has at most 80 KB", found["script_bytes"], SCRIPT_GOAL, "bytes"),
        ("it is ready within 1.5 s, the median", found["ready_s"], READY_GOAL_S, "s"),
        ("no request, and nothing on the console", len(found["complaints"]), 0, ""),
    ]
    for text, measured, limit, unit in goals:
        print(f"{'met   ' if measured <= limit else 'MISSED'}  {text}: {measured:,} {unit}".rstrip())
    return int(any(measured > limit for _, measured, limit, _ in goals))


def clock(call: Any) -> tuple[Any, float]:
    """Return what a call returns, and its seconds."""
    start = time.perf_counter()
    return call(), round(time.perf_counter() - start, 3)


def measure_making(matrix: Matrix, place: Path) -> dict[str, Any]:
    """Write the page; return the seconds, and the sizes of what is in it."""
    edition = Edition(overview=Overview(matrix), directory=place, generated="2026-01-01T00:00:00+00:00")
    _, seconds = clock(lambda: write_page(edition))
    page = (place / "index.html").read_text(encoding="utf-8")
    return {
        "page_s": seconds,
        "page_bytes": len(page.encode()),
        "script_bytes": len(read_static(SCRIPT).encode()),
        "sets": len(read_data(page)["signatures"]),
    }


def open_page(page: Path, rounds: int) -> dict[str, Any]:
    """Open the page in a fresh tab each time; return when it was ready, and what it requested or complained of."""
    complaints: list[str] = []
    ready = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(rounds):
            tab = browser.new_page()
            tab.on("console", lambda message: complaints.append(message.text))
            tab.on("pageerror", lambda error: complaints.append(str(error)))
            tab.on("request", lambda request: complaints.append(request.url) if request.url != page.as_uri() else None)
            tab.goto(page.absolute().as_uri())
            # Not by a script in the page: for a moment of its loading `document.documentElement` is null.
            ready.append(float(tab.locator("html[data-ready]").get_attribute("data-ready") or "nan") / 1000)
            tab.close()
        version = f"Chromium {browser.version}"
        browser.close()
    return {"browser": version, "ready_s": statistics.median(ready), "ready_all_s": ready, "complaints": complaints}


if __name__ == "__main__":
    sys.exit(main())

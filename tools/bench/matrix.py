"""What the matrix costs: of 1,000 profiles in three sizes, and of 20 profiles beside ``coverage json`` for each.

``make bench`` runs it. Sources, artifacts and sidecars are made up, and go through the real formats. Prints a table and writes
``artifacts/bench/matrix.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from synthetic import SYMBOLS_A_FILE, Size, write_code, write_profiles

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS_GOAL, MEMORY_GOAL_MB, RATIO_GOAL, GROWTH_GOAL = 60.0, 1000.0, 20.0, 1.25


def main() -> int:
    """Measure, print, and return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profiles", type=int, default=1000)
    parser.add_argument("--files", type=int, nargs="+", default=[1250, 2500, 5000])
    parser.add_argument("--share", type=float, default=0.2, help="of the files that each profile runs")
    parser.add_argument(
        "--beside", type=int, nargs=2, default=[20, 500], help="profiles and files beside coverage json"
    )
    parser.add_argument("--out", type=Path, default=Path("artifacts/bench/matrix.json"))
    options = parser.parse_args()
    sizes = [measure(Size(options.profiles, files, options.share)) for files in options.files]
    profiles, files = options.beside
    beside = measure_beside(Size(profiles, files, share=1.0))
    show(sizes, beside)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    facts = {"python": platform.python_version(), "coverage": version("coverage"), "cpus": os.cpu_count()}
    options.out.write_text(json.dumps({**facts, "sizes": sizes, "beside": beside}, indent=2) + "\n")
    largest, smallest = sizes[-1], sizes[0]
    # By processor time, which other programs at work on the machine disturb less.
    growth = (largest["cpu_s"] / largest["files"]) / (smallest["cpu_s"] / smallest["files"])
    goals = [
        (f"the largest takes at most {SECONDS_GOAL:g} s", largest["s"] <= SECONDS_GOAL),
        (f"it takes at most {MEMORY_GOAL_MB:g} MB in all processes", largest["mb"] <= MEMORY_GOAL_MB),
        (f"a file costs at most {GROWTH_GOAL:g} x as much in the largest as in the smallest", growth <= GROWTH_GOAL),
        (f"{RATIO_GOAL:g} x faster than coverage json for each profile", beside["ratio"] >= RATIO_GOAL),
    ]
    for text, is_met in goals:
        print(f"{'met   ' if is_met else 'MISSED'}  {text}")
    return int(not all(is_met for _, is_met in goals))


def measure(size: Size) -> dict[str, Any]:
    """Return what ``profcov matrix`` takes for a size: seconds, and the most memory of all its processes together."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        write_profiles(place, write_code(place, size.files), size)
        found = run_matrix(place)
        written = sum(path.stat().st_size for path in (place / "out").iterdir())
    symbols = size.files * SYMBOLS_A_FILE
    return {"profiles": size.profiles, "files": size.files, "symbols": symbols, **found, "written_mb": written / 1e6}


def run_matrix(place: Path) -> dict[str, float]:
    """Run ``profcov matrix`` on a made-up project."""
    return run(["profcov", "matrix", "--config", "cov.ini", "--data-dir", "data", "--out", "out"], place)


def measure_beside(size: Size) -> dict[str, float]:
    """Return what ``profcov matrix`` takes, and what ``coverage json`` for each profile and merging the results does."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        slugs = write_profiles(place, write_code(place, size.files), size)
        ours = run_matrix(place)["s"]
        (place / "theirs").mkdir()
        start = time.perf_counter()
        for slug in slugs:
            # In a directory of its own: coverage.py 7.14 takes the sidecar for more data.
            artifact = shutil.copy(place / "data" / f"{slug}.coverage", place / "theirs")
            words = ["coverage", "json", "--rcfile=cov.ini", "--quiet", f"--data-file={artifact}"]
            run([*words, "-o", f"theirs/{slug}.json"], place)
        merged = merge(sorted((place / "theirs").glob("*.json")))
        theirs = time.perf_counter() - start
        compare(place / "out" / "profile-symbols.json", merged)
    return {
        "profiles": size.profiles,
        "files": size.files,
        "profcov_s": ours,
        "coverage_s": theirs,
        "ratio": theirs / ours,
    }


def merge(paths: Sequence[Path]) -> dict[str, int]:
    """Merge reports of coverage.py: which functions each profile runs; return how many lines it ran."""
    lines: dict[str, int] = {}
    functions: dict[tuple[str, str], list[str]] = {}
    for path in paths:
        report = json.loads(path.read_text())
        lines[path.stem] = report["totals"]["covered_lines"]
        for file, facts in report["files"].items():
            for function, own in facts["functions"].items():
                if own["executed_lines"]:
                    functions.setdefault((file, function), []).append(path.stem)
    return lines


def compare(ours: Path, theirs: dict[str, int]) -> None:
    """See that both have counted the same lines."""
    found = {slug: facts["lines"] for slug, facts in json.loads(ours.read_text())["profiles"].items()}
    if found != theirs:
        sys.exit("profcov and coverage.py have counted different lines")


def run(words: list[str], place: Path) -> dict[str, float]:
    """Run a program of this environment; return seconds, those of processors, and the most memory of its processes."""
    start, before = time.perf_counter(), os.times()
    process = subprocess.Popen([sys.executable, "-m", *words], cwd=place, stdout=subprocess.DEVNULL)
    most = 0.0
    while process.poll() is None:
        most = max(most, weigh(process.pid))
        time.sleep(0.02)
    if process.returncode:
        sys.exit(f"{words[0]} failed: {process.returncode}")
    seconds, after = time.perf_counter() - start, os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return {"s": seconds, "cpu_s": cpu, "mb": most}


def weigh(pid: int) -> float:
    """Return how many megabytes a process and its children have in memory, shared pages once for each."""
    total = 0.0
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        try:
            status = Path(f"/proc/{each}/status").read_text()
            waiting += [int(child) for child in Path(f"/proc/{each}/task/{each}/children").read_text().split()]
        except OSError:  # it has ended
            continue
        total += next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS:")), 0.0)
    return total


def show(sizes: Sequence[dict[str, Any]], beside: dict[str, float]) -> None:
    """Print the figures."""
    console = Console()
    table = Table(
        title=f"profcov matrix, Python {platform.python_version()}, {os.cpu_count()} CPUs", title_justify="left"
    )
    for column in ("profiles", "files", "symbols", "s", "CPU s", "CPU ms a file", "MB at most", "MB written"):
        table.add_column(column, justify="right")
    for each in sizes:
        figures = (each["s"], each["cpu_s"], each["cpu_s"] * 1000 / each["files"], each["mb"], each["written_mb"])
        counts = (f"{each[key]:,}" for key in ("profiles", "files", "symbols"))
        table.add_row(*counts, *(f"{figure:,.1f}" for figure in figures))
    console.print(table)
    print(
        f"{beside['profiles']} profiles x {beside['files']} files: profcov matrix {beside['profcov_s']:.2f} s, "
        f"coverage json for each and merging {beside['coverage_s']:.2f} s: {beside['ratio']:.0f} x"
    )


if __name__ == "__main__":
    sys.exit(main())

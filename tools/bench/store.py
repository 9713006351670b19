"""What the store costs: writing a shard, and combining many, beside coverage.py on the same files.

``make bench`` runs it. Combining is done by each program in a process of its own, in turn, slug after slug; a ratio is taken
within a slug. Prints tables and writes ``artifacts/bench/store.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from profcov.slug import Slug
from profcov.store.directory import DataDirectory
from profcov.store.layout import list_shards
from profcov.store.read import read_lines
from profcov.store.shard import write_shard

FLUSH_GOAL_MS, MEMORY_GOAL_MB = 2.0, 300.0


def main() -> int:
    """Measure, print, and return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=int, default=1000, help="of all slugs together")
    parser.add_argument("--files", type=int, default=200, help="in each shard")
    parser.add_argument("--slugs", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("artifacts/bench/store.json"))
    options = parser.parse_args()
    flushes = [measure_flush(files) for files in (1, 10, 50)]
    with tempfile.TemporaryDirectory() as place:
        rounds = measure_combine(Path(place), options.slugs, options.shards // options.slugs, options.files)
    combined = summarise(rounds)
    show(flushes, combined, options)
    facts = {"python": platform.python_version(), "coverage": version("coverage"), "flush": flushes}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({**facts, "combine": combined, "rounds": rounds}, indent=2) + "\n")
    goals = [
        (f"a flush of 50 files takes at most {FLUSH_GOAL_MS:g} ms", flushes[-1]["p50_ms"] <= FLUSH_GOAL_MS),
        ("combining is as fast as coverage.py's", combined["ratio"] <= 1.0),
        (f"it takes less than {MEMORY_GOAL_MB:g} MB", combined["profcov_mb"] < MEMORY_GOAL_MB),
    ]
    for text, is_met in goals:
        print(f"{'met   ' if is_met else 'MISSED'}  {text}")
    return int(not all(is_met for _, is_met in goals))


def measure_flush(files: int) -> dict[str, Any]:
    """Return how long a flush takes that has new lines of so many files, 100 in each."""
    executed = {f"/src/package/module_{number}.py": set(range(1, 101)) for number in range(files)}
    taken = []
    with tempfile.TemporaryDirectory() as place:
        for _ in range(300):
            start = time.perf_counter()
            write_shard(DataDirectory(Path(place)), Slug("bench"), "profile:bench", executed)
            taken.append((time.perf_counter() - start) * 1000)
    return {"files": files, "p50_ms": statistics.median(taken), "p95_ms": sorted(taken)[int(len(taken) * 0.95)]}


def measure_combine(place: Path, slugs: int, shards: int, files: int) -> list[dict[str, float]]:
    """Combine the same shards by both programs, slug after slug, and return seconds and megabytes of each."""
    rng, data, rounds = random.Random(1), place / "data", []
    for number in range(slugs):
        slug = Slug(f"slug-{number}")
        for _ in range(shards):
            lines = {
                f"/src/package_{file % 20}/module_{file}.py": set(rng.sample(range(1, 500), 40))
                for file in range(files)
            }
            write_shard(DataDirectory(data), slug, f"profile:{slug}", lines)
        paths = [str(path) for path in list_shards(data, slug)]
        theirs = place / f"{slug}.theirs"
        calls = {
            "coverage": ["coverage", "combine", "--keep", "--quiet", f"--data-file={theirs}", *paths],
            "profcov": ["profcov", "combine", str(slug), "--keep", "--data-dir", str(data)],
        }
        order = list(calls) if number % 2 else list(calls)[::-1]
        found = {}
        for name in order:
            found.update({f"{name}_{key}": value for key, value in run(calls[name], place).items()})
        if read_lines(theirs) != read_lines(data / f"{slug}.coverage"):
            sys.exit(f"{slug}: the two have combined something else")
        for path in paths:
            os.unlink(path)  # noqa: PTH108
        rounds.append(found)
    return rounds


def run(words: list[str], place: Path) -> dict[str, float]:
    """Run a program of this environment; return seconds, and the most memory it had."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", *words], cwd=place, stdout=subprocess.DEVNULL)
    _, code, used = os.wait4(process.pid, 0)
    process.returncode = code
    if code:
        sys.exit(f"{words[0]} failed: {code}")
    return {"s": time.perf_counter() - start, "mb": used.ru_maxrss / 1024}


def summarise(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Return medians, the quartiles of the ratio, and the most memory."""
    ratios = [each["profcov_s"] / each["coverage_s"] for each in rounds]
    low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else (ratios * 3)
    return {
        "profcov_s": statistics.median(each["profcov_s"] for each in rounds),
        "coverage_s": statistics.median(each["coverage_s"] for each in rounds),
        "ratio": statistics.median(ratios),
        "ratio_q1": low,
        "ratio_q3": high,
        "profcov_mb": max(each["profcov_mb"] for each in rounds),
        "coverage_mb": max(each["coverage_mb"] for each in rounds),
    }


def show(flushes: list[dict[str, Any]], combined: dict[str, float], options: argparse.Namespace) -> None:
    """Print both tables."""
    console = Console()
    table = Table(title=f"a flush, Python {platform.python_version()}", title_justify="left")
    for column in ("files with new lines", "p50 ms", "p95 ms"):
        table.add_column(column, justify="right")
    for each in flushes:
        table.add_row(str(each["files"]), f"{each['p50_ms']:.3f}", f"{each['p95_ms']:.3f}")
    console.print(table)
    title = f"combining {options.shards} shards of {options.files} files, {options.slugs} slugs, coverage.py {version('coverage')}"
    table = Table(title=title, title_justify="left")
    for column in ("", "s a slug, median", "MB at most"):
        table.add_column(column, justify="right" if column else "left")
    for name in ("coverage", "profcov"):
        table.add_row(f"{name} combine", f"{combined[f'{name}_s']:.3f}", f"{combined[f'{name}_mb']:.0f}")
    console.print(table)
    print(f"ratio: {combined['ratio']:.2f} ({combined['ratio_q1']:.2f} to {combined['ratio_q3']:.2f})")


if __name__ == "__main__":
    sys.exit(main())

"""What ``profcov minimise`` costs at 1,000 profiles x 50,000 symbols: the selection by lines, once its artifacts are read.

Prints seconds of this process's CPU, and returns 1 if the selection takes more than the goal.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from synthetic import Size, write_code, write_profiles

from profcov.configuration import Configuration
from profcov.reading.analysis.elements import list_lines
from profcov.reading.analysis.minimise import draw_curve, minimise, spend, weigh
from profcov.reading.pipeline import Reader
from profcov.reading.symbols.inventory import build_inventory

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS_GOAL = 10.0


def main() -> int:
    """Measure, print, and return 1 if the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profiles", type=int, default=1000)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--out", type=Path, default=Path("artifacts/bench/minimise.json"))
    options = parser.parse_args()
    laps: dict[str, float] = {}
    out = options.out.absolute()
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        place = Path(name)
        size = Size(options.profiles, options.files, 0.2)
        slugs = write_profiles(place, write_code(place, size.files), size)
        configuration = Configuration(place / "cov.ini")
        with timed(laps, "read sources"):
            inventory = build_inventory(configuration, processes=os.cpu_count() or 1)
        with timed(laps, "read artifacts"):
            reader = Reader(configuration, inventory, "src")
            overview = reader.overview(place / "data", slugs, ignore_source_changes=False)
    with timed(laps, "lay out lines"):
        elements = list_lines(overview.matrix)
    costs = weigh(elements.slugs, {slug: 1 + number % 60 for number, slug in enumerate(elements.slugs)})
    with timed(laps, "select"):
        selection = minimise(elements, costs)
    with timed(laps, "curve and budget"):
        draw_curve(elements, costs)
        spend(elements, costs, 600.0)
    print(
        f"{len(selection.kept)} of {len(slugs)} profiles run all {selection.total:,} lines; Python {platform.python_version()}"
    )
    for step, seconds in laps.items():
        print(f"{step:>18}  {seconds:6.1f} s")
    took = sum(laps[step] for step in ("lay out lines", "select", "curve and budget"))
    print(
        f"{'met   ' if took <= SECONDS_GOAL else 'MISSED'}  minimising takes {took:.1f} s; the goal is {SECONDS_GOAL:g} s"
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(
        json.dumps({"profiles": options.profiles, "files": options.files, "cpu_seconds": laps}, indent=2) + "\n"
    )
    return int(took > SECONDS_GOAL)


@contextlib.contextmanager
def timed(laps: dict[str, float], step: str) -> Iterator[None]:
    """Note the CPU time of a block: its own process's and its children's."""
    before = os.times()
    start = time.perf_counter()
    yield
    after = os.times()
    used = sum(after[:4]) - sum(before[:4])
    laps[step] = used
    print(f"{step}: {time.perf_counter() - start:.1f} s on the clock", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

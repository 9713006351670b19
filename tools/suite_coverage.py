"""What the tests reach of ``src``, child processes and the engine's callbacks among it: ``make coverage``.

Words go to pytest; without them everything runs, and what is reached must not fall below the floors. It needs Python 3.14 or newer:
coverage.py measures branches with ``sys.monitoring`` there, and leaves the trace function to the engine under test. A few tests are
about who else traces, and fail while something measures: whether tests pass is what ``make test`` says.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
from collections import defaultdict
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
CONFIG: Final = "tests/measuring/coverage.ini"
PLACE: Final = ROOT / "build" / "coverage"
FLOORS: Final = {"recording": 92.0, "all": 91.0}
"""In percent of lines and branches; tests/README.md has what they were set by."""
COVERAGE: Final = [sys.executable, "-m", "coverage"]


def main() -> int:
    """Run the tests, print a table, and report each floor that is missed."""
    if sys.hexversion < 0x030E0000:
        print("this needs Python 3.14 or newer: make coverage PYTHON=python3.14 VENV=.venv-3.14", file=sys.stderr)
        return 2
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    found_by_all = Path(sysconfig.get_path("purelib")) / "_profcov_suite_coverage.pth"
    found_by_all.write_text(f"{ROOT / 'tests' / 'measuring'}\n", encoding="utf-8")
    try:
        tests = run("run", "-m", "pytest", *(sys.argv[1:] or ["-n", "auto", "--dist", "worksteal"]))
        run("combine", "--quiet")
        run("html", "--quiet", f"--directory={PLACE / 'html'}")
        run("json", "--quiet", "-o", str(PLACE / "coverage.json"))
    finally:
        found_by_all.unlink()
    rooms = read_rooms()
    for room, (reached, there) in sorted(rooms.items(), key=lambda item: item[1][0] / item[1][1]):
        print(f"{room:12} {100 * reached / there:6.1f} %  of {there}")
    if tests > 1:  # pytest was interrupted, or found nothing to run
        return tests
    missed = {name: floor for name, floor in FLOORS.items() if 100 * rooms[name][0] < floor * rooms[name][1]}
    for name, floor in missed.items() if not sys.argv[1:] else ():
        print(f"{name}: below the floor of {floor} %", file=sys.stderr)
    return bool(missed) and not sys.argv[1:]


def run(*words: str) -> int:
    """Run a command of coverage.py's in the repository and return its exit code."""
    return subprocess.run([*COVERAGE, words[0], f"--rcfile={CONFIG}", *words[1:]], cwd=ROOT, check=False).returncode


def read_rooms() -> dict[str, tuple[int, int]]:
    """Return how many lines and branches are reached and there, for each package below profcov and for all."""
    files = json.loads((PLACE / "coverage.json").read_text(encoding="utf-8"))["files"]
    rooms: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for path, found in files.items():
        below = Path(path).parts[2:]
        summary = found["summary"]
        reached, there = (
            summary[f"{kind}_lines" if kind == "covered" else "num_statements"] + summary[f"{kind}_branches"]
            for kind in ("covered", "num")
        )
        for room in (below[0] if len(below) > 1 else "(top)", "all"):
            rooms[room] = rooms[room][0] + reached, rooms[room][1] + there
    return rooms


if __name__ == "__main__":
    sys.exit(main())

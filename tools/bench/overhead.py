"""What profcov costs: every variant of every workload, interleaved, as a table and as JSON; ``make bench`` runs it."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalogue import WORKLOADS, Cell
from drivers import BenchError
from goals import Goal, judge
from pythons import REPOSITORY, VERSIONS, Python, describe, find
from rounds import QUICK, Figures, Plan, Spread, measure
from table import WIDTH, lay_out, lay_out_goals

OUTPUT = REPOSITORY / "artifacts" / "bench" / "overhead.json"


def read_arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--every-python", action="store_true", help=f"each of {', '.join(VERSIONS)} that is found")
    which.add_argument("--python", action="append", metavar="PATH", help="an interpreter whose environment has profcov")
    parser.add_argument("--workload", action="append", choices=[each.key for each in WORKLOADS])
    parser.add_argument("--rounds", type=int, default=Plan().rounds, help="rounds with one set of processes")
    parser.add_argument("--restarts", type=int, default=Plan().restarts, help="sets of processes")
    parser.add_argument("--quick", action="store_true", help="only see that everything runs; the figures mean nothing")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="FILE")
    return parser.parse_args()


def choose_pythons(arguments: argparse.Namespace) -> list[Python]:
    """Return the interpreters to measure with; say which are missing."""
    if arguments.every_python:
        found = {version: find(version) for version in VERSIONS}
    else:
        found = {path: describe(path) for path in arguments.python or [sys.executable]}
    for name, python in found.items():
        if python is None:
            print(f"Python {name} is left out: not found, or without profcov and its demo packages", file=sys.stderr)
    return [python for python in found.values() if python is not None]


def measure_python(python: Python, workloads: list[str], plan: Plan) -> dict[str, Any]:
    """Measure with one interpreter, print its table, and return what goes into the JSON."""
    facts = python.facts
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items() if name != "profcov")
    print("=" * WIDTH, *textwrap.wrap(f"Python {facts['python']}: {versions}", WIDTH), sep="\n")
    every = Figures()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="profcov-bench-") as directory:
        for workload in workloads:
            place = Path(directory) / workload
            figures = measure(python.path, workload, plan, place, monitoring=facts["monitoring"])
            print(lay_out(figures), flush=True)
            every.samples.update(figures.samples)
    goals = judge(every, monitoring=facts["monitoring"])
    print(f"\nGoals, Python {facts['python']}:\n{lay_out_goals(goals)}\n", flush=True)
    return {
        **facts,
        "seconds": round(time.monotonic() - started, 1),
        "figures": [_describe_cell(every, cell) for cell in every.samples],
        "goals": [_describe_goal(goal) for goal in goals],
    }


def _describe_cell(figures: Figures, cell: Cell) -> dict[str, Any]:
    cpu = figures.cpu_ratios(cell)
    return {
        **asdict(cell),
        "microseconds": round(figures.seconds(cell) * 1e6, 2),
        "added_microseconds": round(Spread.of(figures.added(cell)).median * 1e6, 2),
        "ratio": asdict(Spread.of(figures.ratios(cell))),
        "cpu_ratio": asdict(Spread.of(cpu)) if cpu else None,
        "ratios": [round(ratio, 4) for ratio in figures.ratios(cell)],
    }


def _describe_goal(goal: Goal) -> dict[str, Any]:
    return {**asdict(goal), "reached": goal.reached}


def describe_machine() -> dict[str, Any]:
    """Return what the figures depend on, beside the versions."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as table:  # noqa: PTH123
            model = next((line.partition(":")[2].strip() for line in table if line.startswith("model name")), model)
    except OSError:
        pass
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "load": round(os.getloadavg()[0], 2),
        "commit": commit.stdout.strip() or None,
    }


def main() -> int:
    """Measure, print, write; the exit status says nothing of the goals."""
    arguments = read_arguments()
    plan = QUICK if arguments.quick else Plan(restarts=arguments.restarts, rounds=arguments.rounds)
    workloads = arguments.workload or [each.key for each in WORKLOADS]
    pythons = choose_pythons(arguments)
    if not pythons:
        print("nothing to measure with: run it with a Python that has profcov[demo]", file=sys.stderr)
        return 2
    machine = describe_machine()
    made = datetime.now(UTC).isoformat(timespec="seconds")
    print(f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, load {machine['load']}")
    try:
        runs = [measure_python(python, workloads, plan) for python in pythons]
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    document = {"made": made, "quick": arguments.quick, "plan": asdict(plan), "machine": machine, "runs": runs}
    arguments.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"written to {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Combining, killed before every so many of its system calls; prints how often it was, and what was wrong.

``combine_killed.py STEP LAST``: before each STEPth call, and before each of the LAST ones, which change what is there.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys

import seen
from instants import count_calls, kill_before
from measured import blue, green, red
from play import DATA, play, recorder

from profcov.errors import CoverageMergeError
from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.layout import artifact_path, list_shards, previous_path
from profcov.store.merge import read_shards
from profcov.store.sidecar import check_artifact

DEMO = parse_slug("demo")
STEP, LAST = map(int, sys.argv[1:])

recorder._flusher = 0
play("warm", red)
combine(DataDirectory(DATA), parse_slug("warm"))  # everything is imported


def judge() -> str:
    """Return what is wrong, or nothing."""
    if not artifact_path(DATA, DEMO).exists():
        return "there is no artifact"
    if read_shards(list_shards(DATA, DEMO)).unreadable:
        return "an unreadable shard"
    check_artifact(artifact_path(DATA, DEMO))
    if list_shards(DATA, DEMO):
        with contextlib.suppress(CoverageMergeError):  # they were to be dropped, and are now
            combine(DataDirectory(DATA), DEMO, timeout=5)
    check_artifact(artifact_path(DATA, DEMO))
    found = set(seen.in_file(artifact_path(DATA, DEMO)))
    if found != {"red", "blue"}:
        return f"it has {found}"
    if not previous_path(artifact_path(DATA, DEMO)).exists():
        return "there is none before it"
    play("demo", red, blue, green)
    made = combine(DataDirectory(DATA), DEMO, timeout=5)
    found = set(seen.in_file(made.path))
    return "" if (found, made.reasons) == ({"red", "blue", "green"}, ()) else f"later: {found} {made.reasons}"


wrong: list[list[object]] = []


def become_another() -> None:
    """Go on as if it was another process; without a flushing thread, for that of the one before would go on beside."""
    recorder.after_fork()
    recorder._flusher = 0


def prepare() -> None:
    """Have an artifact, and shards to combine."""
    shutil.rmtree(DATA)
    become_another()
    play("demo", green)
    combine(DataDirectory(DATA), DEMO)
    play("demo", red)
    become_another()
    play("demo", blue)  # and remember that it is written


def try_before(number: int) -> bool:
    """Combine, killed before a call, and note what is wrong then; tell whether it has so many."""
    prepare()
    was_killed = kill_before(number, lambda: combine(DataDirectory(DATA), DEMO))
    problem = judge()
    if problem:
        wrong.append([number, problem, sorted(path.name for path in DATA.rglob("*"))])
    return was_killed


prepare()
count = count_calls(lambda: combine(DataDirectory(DATA), DEMO))
numbers = sorted({*range(1, count, STEP), *range(max(1, count - LAST), count)})
print(json.dumps({"kills": sum(map(try_before, numbers)), "wrong": wrong}))

"""A unit of work, killed before each of its system calls in turn; prints how often it was, and what was wrong."""

from __future__ import annotations

import functools
import itertools
import json
import os
import shutil

import seen
from instants import kill_before
from measured import blue, green, red
from play import DATA, play, recorder, run

from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.layout import list_shards
from profcov.store.merge import read_shards

DEMO = parse_slug("demo")
ALL = {"red", "blue", "green"}

play("warm", red)  # the engine runs, and coverage.py has made its tables: what is left are the calls of a unit


def work(answers: int) -> None:
    unit = recorder.begin("demo")
    os.write(answers, b"begun ")
    run(unit, red)
    unit.flush()
    os.write(answers, b"answered ")
    run(unit, blue)
    unit.end()
    os.write(answers, b"ended ")


def judge(said: set[str]) -> str:  # noqa: PLR0911 (each is a sentence)
    """Return what is wrong, or nothing."""
    if read_shards(list_shards(DATA, DEMO)).unreadable:
        return "an unreadable shard"
    made = combine(DataDirectory(DATA), DEMO, timeout=5)
    found = set(seen.in_file(made.path))
    if not found <= ALL or "green" not in found:
        return f"lines of nobody: {found}"
    if "answered" in said and "red" not in found:
        return "lost what was answered"
    if "ended" in said and (found, made.reasons) != (ALL, ()):
        return f"lost what had ended: {found} {made.reasons}"
    if "begun" in said and found != ALL and made.reasons != ("process-died",):
        return f"the artifact does not say that a process died: {found} {made.reasons}"
    if made.reasons not in {(), ("process-died",)}:
        return f"{made.reasons}"
    left = [path.name for path in DATA.rglob("*.unfinished")]
    return f"left over: {left + list_shards(DATA, DEMO)}" if left or list_shards(DATA, DEMO) else ""


wrong, died = [], 0
for number in itertools.count(1):
    shutil.rmtree(DATA)
    play("demo", green)
    reader, writer = os.pipe()
    was_killed = kill_before(number, functools.partial(work, writer))
    os.close(writer)
    said = set(os.read(reader, 1000).decode().split())
    os.close(reader)
    problem = judge(said)
    died += was_killed
    if problem:
        wrong.append([number, sorted(said), problem])
    if not was_killed:
        assert said == {"begun", "answered", "ended"}
        break
print(json.dumps({"kills": died, "wrong": wrong}))

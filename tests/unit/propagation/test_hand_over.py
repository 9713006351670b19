"""What a unit hands over by a queue to a worker that no unit started."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

# The worker's loop is in a measured file: `include` has the directory of the test.
WORKERS = """
import asyncio, logging.handlers, queue, threading
from measured import *

def serve(items, done):
    while True:
        item = items.get()
        if item is None:
            return
        item()
        done.set()

async def serve_tasks(items, done):
    while True:
        item = await items.get()
        item()
        done.set()
"""
BEGIN = """
import asyncio, json, queue, subprocess, sys, threading
from measured import *
from play import *
sys.path.insert(0, str(DATA.parent / "app"))
import profcov
from profcov.propagation import open_recorder
open_recorder()
import workers

def combine(slug="demo"):
    words = [sys.executable, "-m", "profcov", "combine", slug]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode in {0, 1}, done.stderr
    facts = json.loads((DATA / f"{slug}.coverage.json").read_text())
    return [sorted({*seen.in_file(DATA / f"{slug}.coverage")} & {"red", "blue", "green", "late"}), facts["reasons"]]

import seen
items, done = queue.Queue(), threading.Event()
worker = threading.Thread(target=workers.serve, args=(items, done))
worker.start()

def hand(function):
    done.clear()
    items.put(function)
    done.wait()
"""


@pytest.fixture
def run(run_python: Run, tmp_path: Any) -> Run:
    app = tmp_path / "app"
    app.mkdir()
    (app / "workers.py").write_text(WORKERS)
    config = tmp_path / "both.ini"

    def run(source: str, **environ: str) -> Any:
        config.write_text(f"[run]\ninclude =\n    {app}/*.py\n    */measured.py\n")
        return run_python(BEGIN + source, PROFILE_COVERAGE_CONFIG=str(config), **environ)

    return run


def test_work_that_nobody_follows_is_said_and_bound_work_is_followed(run: Run, engine: str) -> None:
    assert run(
        """
play("demo", red, lambda: hand(blue))
first = combine()
play("demo", red, lambda: hand(profcov.bind(blue)))
items.put(None)
worker.join()
tell([first, combine(), len(said)])
""",
        engine=engine,
    ) == [[["red"], ["handed-over"]], [["blue", "red"], []], 1]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="only the monitoring engine follows queues")
def test_work_is_followed_where_the_setting_says_so_and_untraced_work_is_nobodys(run: Run) -> None:
    assert run(
        """
for _ in range(3):
    play("demo", red, lambda: hand(blue))
    play("other", lambda: hand(green))
    hand(late)  # nobody's
items.put(None)
worker.join()

async def main():
    tasks, finished = asyncio.Queue(), asyncio.Event()
    serving = asyncio.create_task(workers.serve_tasks(tasks, finished))
    unit = recorder.begin("tasks")
    with unit.step():
        tasks.put_nowait(red)
        await finished.wait()
    unit.end()
    finished.clear()
    await tasks.put(late)
    await finished.wait()
    serving.cancel()

asyncio.run(main())
tell([combine(), combine("other"), combine("tasks"), said])
""",
        engine="monitoring",
        PROFILE_COVERAGE_FOLLOW_QUEUES="1",
    ) == [[["blue", "red"], []], [["green"], []], [["red"], []], []]


def test_what_is_lent_and_what_libraries_take_is_no_work(run: Run) -> None:
    assert run(
        """
import logging, logging.handlers
pool = queue.Queue()
pool.put(object())

def borrow():
    lent = pool.get()
    red()
    pool.put(lent)

records = queue.Queue()
listener = logging.handlers.QueueListener(records)
listener.start()
logger = logging.getLogger("application")
logger.addHandler(logging.handlers.QueueHandler(records))
play("demo", borrow, lambda: logger.warning("something"))
borrow()
listener.stop()
items.put(None)
worker.join()
tell([combine(), said])
"""
    ) == [[["red"], []], []]

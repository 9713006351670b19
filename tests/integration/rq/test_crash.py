"""Horses killed at any instant: what jobs that finished have run is on disk, whole, and filed rightly."""

from __future__ import annotations

import contextlib
import json
import os
import py_compile
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crashes import Remains, children_of, count_kills
from rq.job import Job
from traffic import SLUGS, make_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "servers" / "apps"))

import many

JOBS_A_KILL = 6
LINES = 6
"""From one function to the next, in the module of many."""

ENQUEUE = """
import json, sys
with open("wanted.json") as file:
    wanted = json.load(file)
ids = []
for slug, number in wanted:
    if slug is None:
        queue.enqueue("long.call", number, None)
        continue
    with profcov.trace(slug):
        ids.append([slug, number, queue.enqueue("long.call", number, slug).id])
tell(ids)
"""


def test_no_line_of_a_job_that_finished_is_lost_or_misfiled_though_horses_are_killed_at_any_instant(
    rq: Any, tmp_path: Path, environ_for: Callable[..., dict[str, str]], pytestconfig: pytest.Config
) -> None:
    kills = count_kills(pytestconfig, few=12, many=100)
    count = kills * JOBS_A_KILL // len(SLUGS) * len(SLUGS)
    plan, wanted = make_plan(count)
    module = tmp_path / "many_functions.py"
    many.make(module, count + 1)
    py_compile.compile(str(module))  # each horse imports it
    (tmp_path / "wanted.json").write_text(json.dumps(wanted))
    rq.environ.update(
        environ_for(tmp_path, Path(__file__).parent / "apps", tmp_path, REDIS_URL=rq.environ["REDIS_URL"])
    )
    with contextlib.chdir(tmp_path):
        ids = rq.run(ENQUEUE)
        workers = [rq.start_worker() for _ in range(2)]
    killed = kill_horses([worker.pid for worker in workers], kills, rq)
    deadline = time.monotonic() + 60 + kills
    while rq.redis.llen("rq:queue:default") or any(children_of(worker.pid) for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for worker in workers:
        worker.terminate()
        assert worker.wait(30) == 0
    jobs = zip(ids, Job.fetch_many([each[2] for each in ids], connection=rq.redis), strict=True)
    finished = {(slug, number) for (slug, number, _), job in jobs if job is not None and job.is_finished}
    remains = Remains(tmp_path, killed)
    for slug in SLUGS:
        lines = remains.combine(slug)[str(module)]
        assert lines <= lines_of(plan[slug])
        assert lines >= lines_of([number for its, number in finished if its == slug])
    remains.judge(kills, jobs=len(ids), finished=len(finished))


def kill_horses(workers: list[int], kills: int, rq: Any) -> list[int]:
    rng = random.Random(6)
    killed: list[int] = []
    deadline = time.monotonic() + 30 + kills
    while len(killed) < kills and rq.redis.llen("rq:queue:default"):
        assert time.monotonic() < deadline
        time.sleep(rng.random() * 0.06)
        horses = [pid for worker in workers for pid in children_of(worker) if pid not in killed]
        with contextlib.suppress(ProcessLookupError, IndexError):  # none there just now
            pid = rng.choice(horses)
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
    return killed


def lines_of(numbers: list[int]) -> set[int]:
    """Return the lines that functions of the module of many run for a slug."""
    return {LINES * number + line for number in numbers for line in (2, 3)}

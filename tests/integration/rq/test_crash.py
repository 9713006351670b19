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

from rq.job import Job
from traffic import SLUGS, make_plan

from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.layout import list_shards
from profcov.store.merge import gather
from profcov.store.read import read_lines
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "servers" / "apps"))

import many

KILLS, FULL_KILLS = 12, 100
"""Without and with ``--full``; ``make crash`` sets PROFCOV_KILLS to 500."""
MANY = 500
"""From so many kills on, some must have come while work was in flight."""
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


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_no_line_of_a_job_that_finished_is_lost_or_misfiled_though_horses_are_killed_at_any_instant(
    rq: Any, tmp_path: Path, environ_for: Callable[..., dict[str, str]], pytestconfig: pytest.Config
) -> None:
    kills = int(os.environ.get("PROFCOV_KILLS") or (FULL_KILLS if pytestconfig.getoption("--full") else KILLS))
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
    figures = {"kills": len(killed), "jobs": len(ids), "finished": len(finished), "shards": 0, "died": 0}
    for slug in SLUGS:
        shards = list_shards(tmp_path / "data", parse_slug(slug))
        assert gather(shards).unreadable == []
        made = combine(tmp_path / "data", parse_slug(slug), config_file=tmp_path / "measured.ini", timeout=1)
        lines = read_lines(made.path)[str(module)]
        assert lines <= lines_of(plan[slug])
        assert lines >= lines_of([number for its, number in finished if its == slug])
        died = {each["pid"] for each in read_sidecar(made.path)["died"]}
        assert made.reasons == (("process-died",) if died else ())
        assert died <= set(killed)
        figures["shards"] += len(shards)
        figures["died"] += len(died)
    print(figures)
    assert len(killed) == kills
    assert kills < MANY or figures["died"] > kills / 25, "hardly a kill came while work was in flight: the test is none"


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

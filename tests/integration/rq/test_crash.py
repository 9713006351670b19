"""Horses killed at any instant: what jobs that finished have run is on disk, whole, and filed rightly; the killed are named."""

from __future__ import annotations

import contextlib
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

from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "servers" / "apps"))

import many

SLUGS = tuple("abcdefgh")
OWNERS = (*SLUGS, None)
LINES = 6
"""From one function to the next, in the module of many."""

ENQUEUE = f"""
owners = {OWNERS!r}
def enqueue(number, slug):
    # One alone; one that enqueues the next; one that the next depends on.
    kind, first = number % 5, dict(job_id=str(number))
    if kind == 0:
        queue.enqueue("long.call", number, slug, **first)
    elif kind == 1:
        queue.enqueue("long.call", number, slug, number + 1, **first)
    elif kind == 3:
        job = queue.enqueue("long.call", number, slug, **first)
        queue.enqueue("long.call", number + 1, slug, job_id=str(number + 1), depends_on=job)
for number in range(int(redis.get("count"))):
    slug = owners[number // 5 % len(owners)]
    if slug is None:
        enqueue(number, slug)
    else:
        with profcov.trace(slug):
            enqueue(number, slug)
tell(None)
"""


def test_no_line_of_a_job_that_finished_is_lost_or_misfiled_though_horses_are_killed_at_any_instant(
    rq: Any, tmp_path: Path, environ_for: Callable[..., dict[str, str]], pytestconfig: pytest.Config
) -> None:
    kills = count_kills(pytestconfig, few=12, many=100)
    jobs_a_kill = int(os.environ.get("PROFCOV_JOBS_A_KILL", "6"))
    count = kills * jobs_a_kill // 5 * 5 + 5
    module = tmp_path / "many_functions.py"
    many.make(module, count)
    py_compile.compile(str(module))  # each horse imports it
    rq.environ.update(
        environ_for(tmp_path, Path(__file__).parent / "apps", tmp_path, REDIS_URL=rq.environ["REDIS_URL"])
    )
    rq.redis.set("count", count)
    with contextlib.ExitStack() as stack:
        with contextlib.chdir(tmp_path):
            rq.run(ENQUEUE)
            workers = [stack.enter_context(start()) for start in (rq.start_worker, rq.start_worker, rq.start_pool)]
        horses = Horses([worker.pid for worker in workers[:2]], workers[2].pid)
        killed = horses.kill(kills, jobs_a_kill, rq)
        deadline = time.monotonic() + 60 + count / 10
        while rq.redis.llen("rq:queue:default") or horses.living():
            assert time.monotonic() < deadline, f"{rq.redis.llen('rq:queue:default')} jobs, {horses.living()} are left"
            time.sleep(0.02)
        for worker in workers:
            worker.terminate()
            assert worker.wait(30) == 0
    judge(rq, module, Remains(tmp_path, killed), count=count, kills=kills)


def judge(rq: Any, module: Path, remains: Remains, *, count: int, kills: int) -> None:
    """Compare what the artifacts hold with what RQ says of each job."""
    jobs = dict(enumerate(Job.fetch_many([str(number) for number in range(count)], connection=rq.redis)))
    finished = {number for number, job in jobs.items() if job is not None and job.is_finished}
    began = {int(number) for number in rq.redis.smembers("began")}
    for slug in SLUGS:
        lines = remains.combine(slug)[str(module)]
        own = {number for number in jobs if OWNERS[number // 5 % len(OWNERS)] == slug}
        assert lines <= lines_of(own)
        assert lines >= lines_of(own & finished)
        facts = read_sidecar(rq.data / f"{slug}.coverage")
        said = {int(each["id"]): each["status"] for each in facts["jobs"]}
        ended = {number for number, status in said.items() if status == "finished"}
        assert ended >= own & finished
        # Killed after that was noted, and before RQ had stored it.
        assert ended - finished <= {int(each["job"]) for each in facts["died"]}
        assert {number for number, status in said.items() if status == "killed"} >= own & began - finished - ended
        assert {number for number, status in said.items() if status == "enqueued"} <= own - began - finished
        assert said.keys() <= own
    remains.judge(kills, jobs=count, finished=len(finished), killed_at_work=len(began - finished))


class Horses:
    """The horses of two workers and of a pool, to be killed."""

    def __init__(self, workers: list[int], pool: int) -> None:
        self._workers = workers
        self._pool = pool
        self._killed: list[int] = []

    def living(self) -> list[int]:
        """Return the process ids of those that live."""
        found = []
        for parent in (*self._workers, *children_of(self._pool)):
            with contextlib.suppress(FileNotFoundError):
                found += [pid for pid in children_of(parent) if pid not in self._killed and is_horse(pid)]
        return found

    def kill(self, kills: int, jobs_a_kill: int, rq: Any) -> list[int]:
        """Kill one for every few jobs, at any instant of its life."""
        rng = random.Random(6)
        due = 0
        deadline = time.monotonic() + 30 + kills * jobs_a_kill / 10
        while len(self._killed) < kills and rq.redis.llen("rq:queue:default"):
            assert time.monotonic() < deadline
            time.sleep(rng.random() * 0.03)
            if rq.redis.scard("began") < due:
                continue
            with contextlib.suppress(ProcessLookupError, IndexError):  # none there just now
                pid = rng.choice(self.living())
                os.kill(pid, signal.SIGKILL)
                self._killed.append(pid)
                due += rng.randrange(1, max(2, jobs_a_kill))
        return self._killed


def is_horse(pid: int) -> bool:
    """Tell a horse, which leads a process group, from the scheduler that one worker of a pool has, too."""
    with contextlib.suppress(ProcessLookupError):
        return os.getpgid(pid) == pid
    return False


def lines_of(numbers: set[int]) -> set[int]:
    """Return the lines that functions of the module of many run for a slug."""
    return {LINES * number + line for number in numbers for line in (2, 3)}

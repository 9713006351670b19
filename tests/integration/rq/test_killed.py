"""Jobs that are ended from outside, in every way that there is: what they have run is kept, and RQ says what it always says."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from rq import worker as rq_worker
from rq.command import send_stop_job_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NEEDS_SPAWN_WORKER = pytest.mark.skipif(not hasattr(rq_worker, "SpawnWorker"), reason="SpawnWorker came with RQ 2.2")


def start_job(rq: Any) -> str:
    return str(rq.run('with profcov.trace("demo"):\n    job = queue.enqueue(jobs.forever)\ntell(job.id)\n'))


@pytest.fixture
def job(rq: Any, wait_until: Callable[..., None], request: pytest.FixtureRequest) -> Iterator[tuple[Any, str]]:
    """A job that runs for ever, and its worker, which writes nothing by itself but when it must."""
    rq.environ["PROFILE_COVERAGE_FLUSH_SECONDS"] = "3600"
    job_id = start_job(rq)
    words = ("--worker-class", "profcov.queues.rq.CoverageSpawnWorker") if request.param == "spawn" else ()
    worker = rq.start_worker(*words, zero_code=request.param == "zero code")
    try:
        wait_until(lambda: rq.redis.get("running"), "the job runs")
        yield worker, job_id
    finally:
        worker.kill()
        worker.wait()


def horse_of(rq: Any) -> int:
    return int(rq.redis.get("running"))


@pytest.mark.parametrize("job", ["class", "zero code", pytest.param("spawn", marks=NEEDS_SPAWN_WORKER)], indirect=True)
def test_a_job_that_is_stopped_has_written(rq: Any, job: tuple[Any, str], wait_until: Callable[..., None]) -> None:
    worker, job_id = job
    assert rq.functions("demo") == set()
    send_stop_job_command(rq.redis, job_id)
    wait_until(lambda: rq.status(job_id) == "stopped", "the job is stopped")
    assert rq.functions("demo") == {"forever", "step"}
    worker.terminate()
    assert worker.wait(30) == 0
    assert rq.combined("demo") == {"forever", "step"}  # and that was all


@pytest.mark.parametrize("job", ["class"], indirect=True)
def test_a_cold_shutdown_lets_the_job_write(rq: Any, job: tuple[Any, str], wait_until: Callable[..., None]) -> None:
    worker, job_id = job
    worker.terminate()  # warm: it waits for the job
    time.sleep(1.2)  # RQ takes a second signal within a second for the same one
    worker.terminate()
    assert worker.wait(30) == 0
    wait_until(lambda: rq.status(job_id) in {"failed", "started"}, "RQ knows")
    assert rq.combined("demo") == {"forever", "step"}


@pytest.mark.parametrize("job", ["zero code"], indirect=True)
def test_a_horse_that_is_terminated_with_its_group_has_written(
    rq: Any, job: tuple[Any, str], wait_until: Callable[..., None]
) -> None:
    _, job_id = job
    os.kill(horse_of(rq), signal.SIGTERM)
    wait_until(lambda: rq.status(job_id) == "failed", "the job has failed")
    assert rq.combined("demo") == {"forever", "step"}
    assert "signal 15" in rq.fetch(job_id).latest_result().exc_string


def test_a_horse_that_is_killed_keeps_what_was_written_every_few_seconds(
    rq: Any, wait_until: Callable[..., None]
) -> None:
    rq.environ["PROFILE_COVERAGE_FLUSH_SECONDS"] = "0.2"
    job_id = start_job(rq)
    with rq.start_worker() as worker:
        wait_until(lambda: rq.functions("demo") == {"forever", "step"}, "the lines are written")
        os.kill(horse_of(rq), signal.SIGKILL)
        wait_until(lambda: rq.status(job_id) == "failed", "the job has failed")
        worker.terminate()
        assert worker.wait(30) == 0


def test_a_job_that_leaves_by_itself_has_written(rq: Any) -> None:
    rq.environ["PROFILE_COVERAGE_FLUSH_SECONDS"] = "3600"
    job_id = rq.run('with profcov.trace("demo"):\n    job = queue.enqueue(jobs.leave)\ntell(job.id)\n')
    rq.work()
    assert rq.status(job_id) == "failed"
    assert rq.functions("demo") == {"leave", "step"}


@pytest.mark.parametrize(
    "name", ["CoverageSimpleWorker", pytest.param("CoverageSpawnWorker", marks=NEEDS_SPAWN_WORKER)]
)
def test_every_kind_of_worker_measures(rq: Any, name: str) -> None:
    ids = rq.run(
        """
        with profcov.trace("demo"):
            first = queue.enqueue(jobs.first).id
        tell([first, queue.enqueue(jobs.other).id])
        """
    )
    rq.work("--worker-class", f"profcov.queues.rq.{name}")
    assert [rq.status(each) for each in ids] == ["finished"] * 2
    assert rq.combined("demo") == {"first", "second"}


def test_a_worker_that_has_ended_leaves_no_pipe_open(rq: Any) -> None:
    before, after = rq.run(
        """
        from profcov.queues.rq import CoverageWorker
        def work():
            with profcov.trace("demo"):
                queue.enqueue(jobs.other)
            worker = CoverageWorker([queue], connection=redis)
            worker.work(burst=True, logging_level="ERROR")
            return worker, len(os.listdir("/proc/self/fd"))
        first, before = work()
        second, after = work()
        tell([before, after])
        """
    )
    assert before == after

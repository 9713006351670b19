from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rq import Queue
from rq.job import Job, JobStatus

from profcov.errors import TargetError
from profcov.playback.player.barrier import check_redis, forget_jobs, read_jobs, wait_for_jobs
from profcov.slug import parse_slug
from profcov.wire.carrier import jobs_key

if TYPE_CHECKING:
    from redis import Redis

SLUG = parse_slug("us-small")
HERE = Path(__file__).parent


def note(redis: Redis, *jobs: Job) -> None:
    redis.sadd(jobs_key(SLUG), *(job.id for job in jobs))


def burst(redis_url: str) -> None:
    """Run a real worker until its queue is empty."""
    rq = Path(sys.executable).with_name("rq")
    words = ["worker", "--burst", "--quiet", "--url", redis_url, "--path", str(HERE)]
    subprocess.run([rq, *words], check=True, timeout=60, capture_output=True)


def test_no_jobs_means_no_wait(redis: Redis, redis_url: str) -> None:
    redis.sadd(jobs_key("us-small2"), "another profile's")
    assert wait_for_jobs(redis_url, SLUG, timeout=60) == ()


def test_jobs_that_may_still_run_are_pending_when_the_time_is_over(redis: Redis, redis_url: str) -> None:
    queue = Queue(connection=redis)
    queued = queue.enqueue("traced_jobs.paint", "red")
    deferred = queue.enqueue("traced_jobs.paint", "red", depends_on=queued)
    scheduled = queue.enqueue_in(timedelta(hours=1), "traced_jobs.paint", "red")
    started = queue.enqueue("traced_jobs.paint", "red")
    started.set_status(JobStatus.STARTED)
    note(redis, queued, deferred, scheduled, started)
    pending = wait_for_jobs(redis_url, SLUG, timeout=0.1)
    assert pending == tuple(sorted(job.id for job in (queued, deferred, scheduled, started)))


def test_jobs_that_will_not_run_are_not_waited_for(redis: Redis, redis_url: str) -> None:
    queue = Queue(connection=redis)
    finished = queue.enqueue("traced_jobs.paint", "red")
    failed = queue.enqueue("traced_jobs.fail")
    burst(redis_url)
    cancelled = queue.enqueue("traced_jobs.paint", "red")
    cancelled.cancel()
    stopped = queue.enqueue("traced_jobs.paint", "red")
    stopped.set_status(JobStatus.STOPPED)
    gone = queue.enqueue("traced_jobs.paint", "red")
    gone.delete()
    saved_only = Job.create("traced_jobs.green", connection=redis)
    saved_only.save()
    note(redis, finished, failed, cancelled, stopped, gone, saved_only)
    assert (finished.get_status(), failed.get_status()) == (JobStatus.FINISHED, JobStatus.FAILED)
    assert wait_for_jobs(redis_url, SLUG, timeout=60) == ()


def test_the_wait_ends_when_a_worker_has_run_the_jobs(redis: Redis, redis_url: str) -> None:
    job = Queue(connection=redis).enqueue("traced_jobs.paint", "red")
    note(redis, job)
    worker = threading.Thread(target=burst, args=(redis_url,))
    worker.start()
    try:
        assert wait_for_jobs(redis_url, SLUG, timeout=60) == ()
        assert job.get_status() == JobStatus.FINISHED
    finally:
        worker.join()


def test_jobs_are_listed_with_their_status_and_forgotten(redis: Redis, redis_url: str) -> None:
    redis.sadd(jobs_key(SLUG), "b", "a")
    redis.hset("rq:job:b", "status", "queued")
    assert read_jobs(redis_url, SLUG) == {"a": None, "b": "queued"}
    forget_jobs(redis_url, SLUG)
    assert read_jobs(redis_url, SLUG) == {}


def test_a_stop_ends_the_wait(redis: Redis, redis_url: str) -> None:
    job = Queue(connection=redis).enqueue("traced_jobs.paint", "red")
    note(redis, job)
    stop = threading.Event()
    stop.set()
    assert wait_for_jobs(redis_url, SLUG, 60, stop) == (job.id,)


def test_a_redis_that_does_not_answer_is_named_without_its_password(closed_port: str) -> None:
    address = closed_port.replace("http://", "redis://me:secret@")
    with pytest.raises(TargetError) as caught:
        check_redis(address)
    assert caught.value.base_url == address.replace("secret", "***")
    assert "Redis does not answer as it should" in caught.value.reason
    assert "secret" not in str(caught.value)


def test_a_server_that_is_no_redis_is_reported(serve: Any) -> None:
    with pytest.raises(TargetError, match="Redis does not answer as it should"):
        check_redis(serve().url.replace("http://", "redis://"))


def test_an_address_that_is_none_is_reported() -> None:
    with pytest.raises(TargetError, match="not a Redis address such as redis://127"):
        check_redis("localhost:6379")


@pytest.mark.parametrize("name", ["rq", "redis"])
def test_without_the_extra_one_sentence_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for module in list(sys.modules):
        if module.partition(".")[0] == name:
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(TargetError, match=rf"needs {name}: install it with pip install 'redis>="):
        check_redis("redis://127.0.0.1:1")

"""Artifacts of profiles whose jobs have not ended, or were performed by nobody who measures: they are not complete."""

from __future__ import annotations

from typing import Any

import pytest
import rq as rqs

from profcov.playback.player.barrier import read_jobs, wait_for_jobs
from profcov.slug import parse_slug
from profcov.store.combine import Artifact, combine
from profcov.store.directory import DataDirectory

DEMO = parse_slug("demo")


def made(rq: Any, *, asks: bool) -> Artifact:
    """Combine, and keep the shards; with what Redis says if it is asked."""
    told = read_jobs(rq.environ["REDIS_URL"], DEMO) if asks else None
    return combine(DataDirectory(rq.data), DEMO, timeout=30, jobs=told, keep=True)


def statuses(artifact: Artifact) -> dict[str, str]:
    return {str(each["id"]): each["status"] for each in artifact.jobs}


def test_a_job_that_is_to_run_again_is_unfinished_though_an_attempt_has_ended(rq: Any) -> None:
    rq.run(
        """
        from rq import Retry
        with profcov.trace("demo"):
            queue.enqueue(jobs.failing, retry=Retry(max=1, interval=3600), job_id="failing")
            if hasattr(__import__("rq").Worker, "handle_job_retry"):
                queue.enqueue(jobs.again, job_id="returned")
            queue.enqueue(jobs.other, job_id="other")
        tell(None)
        """
    )
    rq.work()
    noted = made(rq, asks=False)
    again = {"failing", *["returned"][: hasattr(rqs.Worker, "handle_job_retry")]}
    assert statuses(noted) == {**dict.fromkeys(again, "retried"), "other": "finished"}
    told = made(rq, asks=True)
    assert statuses(told) == {**dict.fromkeys(again, "scheduled"), "other": "finished"}
    assert noted.reasons == told.reasons == ("jobs-unfinished",)


@pytest.mark.skipif(not hasattr(rqs, "Repeat"), reason="this RQ does not repeat")
def test_a_job_that_is_repeated_is_unfinished_until_the_last_time(rq: Any) -> None:
    rq.run(
        """
        from rq import Repeat
        with profcov.trace("demo"):
            queue.enqueue(jobs.other, repeat=Repeat(times=1, interval=3600), job_id="later")
            queue.enqueue(jobs.second, repeat=Repeat(times=1), job_id="at-once")
        tell(None)
        """
    )
    rq.work()
    noted = made(rq, asks=False)
    assert statuses(noted) == {"later": "repeated", "at-once": "finished"}
    assert noted.reasons == ("jobs-unfinished",)


def test_a_job_that_nothing_has_enqueued_yet_is_unfinished_and_not_waited_for(rq: Any) -> None:
    saved = rq.run(
        """
        with profcov.trace("demo"):
            saved = Job.create(jobs.second, connection=redis)
            saved.save()
            jobs.other()
        tell(saved.id)
        """
    )
    assert wait_for_jobs(rq.environ["REDIS_URL"], DEMO, 60) == ()
    found = made(rq, asks=True)
    assert (statuses(found), found.reasons) == ({saved: "created"}, ("jobs-unfinished",))


def test_a_job_that_deletes_itself_from_redis_has_ended(rq: Any) -> None:
    rq.run('with profcov.trace("demo"):\n    queue.enqueue(jobs.other, result_ttl=0, job_id="a")\ntell(None)\n')
    rq.work()
    assert rq.status("a") == ""
    for asks in (False, True):
        found = made(rq, asks=asks)
        assert (statuses(found), found.complete) == ({"a": "finished"}, True)


def test_jobs_of_a_worker_that_does_not_measure_are_never_reported_as_recorded(rq: Any) -> None:
    rq.run(
        """
        with profcov.trace("demo"):
            jobs.other()
            queue.enqueue(jobs.second, job_id="run")
            queue.enqueue(jobs.second, job_id="over-and-gone", result_ttl=0)
            queue.enqueue(jobs.second, job_id="canceled").cancel()
        tell(None)
        """
    )
    rq.work("--worker-class", "rq.SimpleWorker", ENABLE_PROFILE_COVERAGE="0")
    ids = {"run", "over-and-gone", "canceled"}
    noted, told = made(rq, asks=False), made(rq, asks=True)
    assert (statuses(noted), noted.reasons) == (dict.fromkeys(ids, "enqueued"), ("jobs-unfinished",))
    assert statuses(told) == {"run": "finished", "over-and-gone": "gone", "canceled": "canceled"}
    assert told.reasons == ("jobs-unmeasured",)


@pytest.mark.parametrize("kind", ["Queue", "TracedQueue"])
def test_what_a_queue_that_is_not_asynchronous_has_run_is_noted_where_it_ran(rq: Any, kind: str) -> None:
    rq.run(
        f"""
        if {kind!r} == "TracedQueue":
            uninstall()
        at_once = {kind}(connection=redis, is_async=False)
        with profcov.trace("demo"):
            at_once.enqueue(jobs.second, job_id="well")
            at_once.enqueue(jobs.failing, job_id="badly")
        tell(None)
        """
    )
    for asks in (False, True):
        found = made(rq, asks=asks)
        assert (statuses(found), found.complete) == ({"well": "finished", "badly": "failed"}, True)
        assert [each["attempts"] for each in found.jobs] == [1, 1]

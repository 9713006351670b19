"""Every way to make a job: what Redis has of it right after the call."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest
from rq import Queue


def test_a_job_that_is_made_inside_a_unit_carries_its_slug_however_it_is_made(rq: Any) -> None:
    found, listed = rq.run(
        """
        from tried import WAYS, slugs_of
        found, listed = {}, {}
        for way in WAYS:
            found[way] = slugs_of(way, queue, "demo")
            listed[way] = [redis.scard("profcov:jobs:demo"), 0 < redis.ttl("profcov:jobs:demo") <= 7 * 24 * 3600]
        tell([found, listed])
        """
    )
    assert {way: each for way, each in found.items() if set(each) != {"demo"}} == {}
    assert {way: each for way, each in listed.items() if each != [len(found[way]), True]} == {}
    assert len(found) >= (38 if find_spec("rq.cron") and find_spec("rq_scheduler") else 20)


def test_a_job_that_is_made_outside_any_unit_is_as_rq_makes_it_however_it_is_made(rq: Any) -> None:
    installed, plain = rq.run(
        """
        from tried import WAYS, dump
        installed = {way: dump(way, queue) for way in WAYS}
        uninstall()
        tell([installed, {way: dump(way, queue) for way in WAYS}])
        """
    )
    assert installed == plain
    assert all(any(isinstance(value, dict) for value in each.values()) for each in plain.values())


def test_a_traced_queue_alone_misses_what_its_documentation_names_and_nothing_else(rq: Any) -> None:
    found, missed = rq.run(
        """
        from tried import WAYS, slugs_of
        from ways import MISSED_WITHOUT_PATCH
        uninstall()
        mine = TracedQueue(connection=redis)
        tell([{way: slugs_of(way, mine, "demo") for way in WAYS}, sorted(MISSED_WITHOUT_PATCH)])
        """
    )
    assert sorted(way for way, each in found.items() if set(each) != {"demo"}) == missed
    assert {way for way in missed if set(found[way]) != {None}} == set()


@pytest.mark.skipif(not find_spec("django_rq"), reason="needs django-rq")
def test_in_django_a_job_that_is_made_when_the_transaction_or_the_request_ends_carries_the_slug_of_its_request(
    rq: Any,
) -> None:
    statuses, found = rq.run(
        """
        import django_jobs
        from tried import job_ids, meta_of
        modes = ["auto", "on_db_commit", "request_finished"]
        views = [f"{view}/{mode}" for view in ("answer", "stream", "file") for mode in modes] + ["decorated/default"]
        def name(view, slug):
            return f"{view} {slug}".replace("/", "-").replace(" ", "-")
        requests = [(view, name(view, slug), slug) for view in views for slug in ("demo", None, "demo-2")]
        statuses = django_jobs.ask(*requests)
        tell([statuses, {each: meta_of(redis, each).get("profile_trace_slug") for each in job_ids(redis)}])
        """
    )
    assert set(statuses) == {200}
    assert len(found) == 30
    assert {name: slug for name, slug in found.items() if not name.endswith(f"-{slug}")} == {}


def test_whatever_rq_does_with_a_job_later_it_keeps_the_slug_that_it_was_made_with(rq: Any) -> None:
    found = rq.run(
        """
        import datetime, warnings
        from rq import Retry, SimpleWorker
        from tried import job_ids, meta_of
        def work():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # RQ 1.16's of its own functions
                SimpleWorker([queue], connection=redis).work(burst=True, logging_level="CRITICAL")
        with profcov.trace("demo"):
            failed = [queue.enqueue(jobs.failing, job_id=f"failed-{number}") for number in range(3)]
            queue.enqueue(jobs.failing, job_id="tried-again", retry=Retry(max=2, interval=[3600, 3600]))
            queue.enqueue(jobs.failing, job_id="tried-at-once", retry=Retry(max=1))
            canceled = queue.enqueue(jobs.other, job_id="canceled")
            canceled.cancel()
            created = queue.create_job(jobs.other, job_id="created")
            due = queue.enqueue_at(datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC), jobs.other, job_id="due")
            before = queue.enqueue(jobs.other, job_id="before")
        with profcov.trace("demo-2"):
            queue.enqueue(jobs.chained, depends_on=before, job_id="dependent-2")
        queue.enqueue(jobs.chained, depends_on=before, job_id="dependent")
        work()
        with profcov.trace("demo-3"):
            failed[0].requeue()
            queue.failed_job_registry.requeue("failed-1")
            queue.enqueue_job(Job.fetch("failed-2", connection=redis))
            queue.canceled_job_registry.requeue("canceled")
            queue.enqueue_job(created)
            queue.scheduled_job_registry.remove(due)
            queue.enqueue_job(due)
        assert len(queue) == 6, queue.job_ids
        enqueued = {each: meta_of(redis, each).get("profile_trace_slug") for each in job_ids(redis)}
        work()
        tell([enqueued, {each: meta_of(redis, each).get("profile_trace_slug") for each in job_ids(redis)}])
        """
    )
    assert found[0] == found[1]
    assert {name: slug for name, slug in found[0].items() if slug != "demo"} == {
        "dependent": None,
        "dependent-2": "demo-2",
    }
    assert len(found[0]) == 11


def test_a_command_of_rqs_that_enqueues_stamps_what_it_makes(rq: Any) -> None:
    words = ["-m", "profcov", "run", "--", sys.executable, "-m", "rq.cli", "enqueue", "--quiet", "jobs.other"]
    environ = {**rq.environ, "PROFILE_TRACE_SLUG": "demo", "RQ_REDIS_URL": rq.environ["REDIS_URL"]}
    subprocess.run([sys.executable, *words], env=environ, check=True, timeout=60)
    (job,) = Queue(connection=rq.redis).jobs
    assert job.meta["profile_trace_slug"] == "demo"

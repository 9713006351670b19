"""Workers in every form that RQ has them in, and every kind of job: what they run is in its artifact."""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from rq.command import send_stop_job_command

if TYPE_CHECKING:
    from collections.abc import Callable

CLASS = "profcov.queues.rq.CoverageWorker"


def test_a_pool_of_workers_measures(rq: Any) -> None:
    ids = rq.run(
        """
        ids = []
        for slug, function in (("demo", jobs.first), ("demo-2", jobs.chained)) * 2:
            with profcov.trace(slug):
                ids.append(queue.enqueue(function).id)
            ids.append(queue.enqueue(jobs.other).id)
        tell(ids)
        """
    )
    with rq.start_worker("--num-workers", "2", "--burst", command="worker-pool") as pool:
        assert pool.wait(60) == 0
    assert [rq.status(each) for each in ids] == ["finished"] * 8
    assert rq.combined("demo") == {"first", "second"}
    assert rq.combined("demo-2") == {"chained"}


def test_a_worker_is_given_its_class_by_the_environment_too(rq: Any) -> None:
    rq.run('with profcov.trace("demo"):\n    queue.enqueue(jobs.second)\ntell(None)\n')
    with rq.start_worker("--burst", RQ_WORKER_CLASS=CLASS) as worker:
        assert worker.wait(60) == 0
    assert rq.combined("demo") == {"second"}


@pytest.mark.skipif(not find_spec("rq.repeat"), reason="RQ has Repeat since 2.0")
def test_a_worker_with_a_scheduler_measures_what_is_for_later_what_repeats_and_what_is_tried_again(
    rq: Any, wait_until: Callable[..., None]
) -> None:
    ids = rq.run(
        """
        import datetime
        from rq import Repeat, Retry
        ids = [queue.enqueue_in(datetime.timedelta(seconds=1), jobs.other).id]
        with profcov.trace("demo"):
            ids.append(queue.enqueue_in(datetime.timedelta(seconds=1), jobs.first).id)
        with profcov.trace("demo-2"):
            ids.append(queue.enqueue(jobs.counted, repeat=Repeat(times=1, interval=1)).id)
        with profcov.trace("demo-3"):
            ids.append(queue.enqueue(jobs.retried, retry=Retry(max=1, interval=1)).id)
        tell(ids)
        """
    )
    with rq.start_worker("--with-scheduler") as worker:
        wait_until(lambda: all(rq.status(each) == "finished" for each in ids), "all jobs have ended")
        second = rq.fetch(ids[1]).return_value()
        wait_until(lambda: rq.status(second) == "finished", "what the first has enqueued has ended")
        wait_until(lambda: rq.redis.get("times:" + ids[2]) == b"2", "the job was repeated")
        worker.terminate()
        assert worker.wait(30) == 0
    assert rq.combined("demo") == {"first", "second"}
    assert rq.combined("demo-2") == {"counted", "second_time"}
    assert rq.combined("demo-3") == {"retried", "second_try"}


def test_several_queues_and_other_classes_for_jobs_queues_and_serialization_are_measured(rq: Any) -> None:
    ids = rq.run(
        """
        from kinds import OwnQueue
        from rq.serializers import JSONSerializer
        ids = []
        for name, function in (("high", "jobs.second"), ("low", "jobs.chained")):
            own = OwnQueue(name, connection=redis, serializer=JSONSerializer)
            with profcov.trace(name):
                job = own.enqueue(function)
                assert type(job).__name__ == "OwnJob"
            stored = json.loads(redis.hget(job.key, "meta"))
            assert stored["profile_trace_slug"] == name, stored
            ids += [job.id, own.enqueue("jobs.other").id]
        tell(ids)
        """
    )
    classes = ["--job-class", "kinds.OwnJob", "--queue-class", "kinds.OwnQueue"]
    rq.work("high", "low", *classes, "--serializer", "rq.serializers.JSONSerializer")
    assert [rq.status(each) for each in ids] == ["finished"] * 4
    assert rq.combined("high") == {"second"}
    assert rq.combined("low") == {"chained"}


def test_coroutines_their_children_and_callbacks_are_measured(rq: Any, engine: str) -> None:
    rq.environ["PROFILE_COVERAGE_ENGINE"] = engine
    ids = rq.run(
        """
        import kinds
        from rq import Callback
        with profcov.trace("demo"):
            first = queue.enqueue(kinds.coroutine, 3, on_success=Callback(kinds.on_success))
        with profcov.trace("demo-2"):
            second = queue.enqueue(kinds.failing_coroutine, on_failure=Callback(jobs.on_failure))
        tell([first.id, queue.enqueue(kinds.coroutine, 2).id, second.id])
        """
    )
    rq.work()
    assert [rq.status(each) for each in ids] == ["finished", "finished", "failed"]
    assert rq.fetch(ids[0]).return_value() == 3
    assert rq.combined("demo") == {"coroutine", "child", "after_sleep", "in_thread", "on_success", "in_success"}
    assert rq.combined("demo-2") == {"failing_coroutine", "on_failure", "in_callback"}


@pytest.mark.parametrize("zero_code", [False, True])
def test_callbacks_that_run_in_the_worker_itself_are_in_the_artifact_of_their_job(
    rq: Any, wait_until: Callable[..., None], zero_code: bool
) -> None:
    rq.environ["PROFILE_COVERAGE_FLUSH_SECONDS"] = "3600"
    stopped, plain, abandoned = rq.run(
        """
        import kinds
        from rq import Callback
        def make():
            return queue.enqueue(
                jobs.forever, on_stopped=Callback(kinds.on_stopped), on_failure=Callback(jobs.on_failure)
            )
        with profcov.trace("demo"):
            stopped = make()
        plain = make()
        with profcov.trace("demo"):
            queue.enqueue(jobs.second)
        with profcov.trace("demo-2"):
            abandoned = make()
        tell([stopped.id, plain.id, abandoned.id])
        """
    )
    with rq.start_worker(zero_code=zero_code) as worker:
        for each in (stopped, plain):
            wait_until(lambda each=each: rq.redis.get("running of " + each), "the job runs")
            send_stop_job_command(rq.redis, each)
            wait_until(lambda each=each: rq.status(each) == "stopped", "the job is stopped")
            assert "in_stopped" in rq.functions("demo")  # as soon as RQ says so
        wait_until(lambda: rq.redis.get("running of " + abandoned), "the last job runs")
        worker.kill()
        os.kill(int(rq.redis.get("running")), signal.SIGKILL)
    wait_until(lambda: not is_alive(int(rq.redis.get("running"))), "nothing runs")
    registry = rq.fetch(abandoned).started_job_registry.key
    rq.redis.zadd(registry, dict.fromkeys(rq.redis.zrange(registry, 0, -1), 1))  # as if it were long ago
    with rq.start_worker("--burst", zero_code=zero_code) as worker:
        assert worker.wait(60) == 0
    assert rq.status(abandoned) == "failed"
    assert rq.redis.get("status when stopped") != b"stopped"
    assert rq.functions("demo") == {"forever", "step", "on_stopped", "in_stopped", "second"}
    assert rq.functions("demo-2") == {"on_failure", "in_callback"}


def test_what_a_queue_that_is_not_asynchronous_runs_belongs_to_whoever_enqueues(rq: Any) -> None:
    made, nested = rq.run(
        """
        import flask, kinds
        from rq import Callback
        from profcov.web.flask import ProfileTrace
        at_once = Queue(connection=redis, is_async=False)
        app = flask.Flask("app")
        @app.post("/")
        def start():
            more = {"meta": {"profile_trace_slug": "other"}} if flask.request.args else {}
            return [
                at_once.enqueue(kinds.at_once, on_success=Callback(kinds.on_success), **more).id,
                at_once.enqueue(jobs.failing, on_failure=Callback(jobs.on_failure)).id,
            ]
        ProfileTrace(app)
        def post(slug, **options):
            return app.test_client().post("/", headers={"X-Profile-Trace": slug} if slug else {}, **options).json
        post(None, query_string="given")
        post(None)
        made = post("demo") + post("demo-2", query_string="given")
        with profcov.trace("demo-3"):
            nested = queue.enqueue(kinds.enqueue_at_once).id
        tell([made, nested])
        """
    )
    every = {"at_once", "step", "on_success", "in_success", "failing", "on_failure", "in_callback"}
    assert [rq.status(each) for each in made] == ["finished", "failed"] * 2
    assert [rq.fetch(each).meta["profile_trace_slug"] for each in made] == ["demo", "demo", "other", "demo-2"]
    assert rq.combined("demo") == every
    assert rq.combined("demo-2") == every
    rq.work()
    assert rq.status(rq.fetch(nested).return_value()) == "finished"
    assert rq.combined("demo-3") == {"enqueue_at_once", "at_once", "step"}
    assert {path.name.split(".coverage")[0] for path in rq.data.rglob("*.coverage*")} == {"demo", "demo-2", "demo-3"}


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

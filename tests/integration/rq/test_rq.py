from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def test_jobs_of_a_traced_request_those_that_they_enqueue_and_those_chained_to_them_are_in_its_artifact_and_no_other(
    rq: Any,
) -> None:
    ids = rq.run(
        """
        import threading
        import flask
        from profcov.web.flask import ProfileTrace
        app = flask.Flask("app")
        both = threading.Barrier(2)
        @app.post("/start")
        def start():
            both.wait()
            job = queue.enqueue(jobs.first)
            return [job.id, queue.enqueue(jobs.chained, depends_on=job).id]
        @app.post("/other")
        def other():
            both.wait()
            return [queue.enqueue(jobs.other).id]
        ProfileTrace(app)
        answers = []
        def post(path, headers):
            answers.append(app.test_client().post(path, headers=headers))
        requests = [("/start", {"X-Profile-Trace": "demo"}), ("/other", {})]
        threads = [threading.Thread(target=post, args=each) for each in requests]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert sorted(answer.headers.get("X-Profile-Trace-Status", "") for answer in answers) == ["", "traced"]
        tell(sorted((answer.json for answer in answers), key=len, reverse=True))
        """
    )
    (first, chained), (other,) = ids
    rq.work()
    second = rq.fetch(first).return_value()
    assert [rq.status(each) for each in (first, second, chained, other)] == ["finished"] * 4
    assert rq.combined("demo") == {"first", "second", "chained"}
    assert [rq.fetch(each).meta for each in (first, second, chained)] == [{"profile_trace_slug": "demo"}] * 3
    assert rq.fetch(other).meta == {}
    assert {each.decode() for each in rq.redis.smembers("profcov:jobs:demo")} == {first, second, chained}
    assert 0 < rq.redis.ttl("profcov:jobs:demo") <= 7 * 24 * 3600
    assert rq.redis.keys("profcov:*") == [b"profcov:jobs:demo"]


def test_only_what_the_jobs_ran_is_in_the_artifact(rq: Any, engine: str) -> None:
    rq.environ["PROFILE_COVERAGE_ENGINE"] = engine
    rq.run(
        """
        queue.enqueue(jobs.other)
        with profcov.trace("demo"):
            queue.enqueue(jobs.second)
        queue.enqueue(jobs.other)
        with profcov.trace("demo-2"):
            queue.enqueue(jobs.chained)
        tell(None)
        """
    )
    rq.work()
    assert rq.combined("demo") == {"second"}
    assert rq.combined("demo-2") == {"chained"}


def test_what_the_arguments_of_a_job_run_when_they_are_unpickled_is_the_jobs(rq: Any, engine: str) -> None:
    rq.environ["PROFILE_COVERAGE_ENGINE"] = engine
    job_id = rq.run(
        """
        packed = jobs.Packed()
        with profcov.trace("demo"):
            tell(queue.enqueue(jobs.take, packed).id)
        """
    )
    rq.work()
    assert rq.fetch(job_id).return_value() is True
    assert rq.combined("demo") == {"__setstate__", "unpack", "take"}


def test_a_traced_queue_or_job_class_needs_no_installation(rq: Any) -> None:
    by_queue, by_class, by_name, plain, given = rq.run(
        """
        uninstall()
        with profcov.trace("demo"):
            ids = [
                TracedQueue(connection=redis).enqueue(jobs.second),
                Queue(connection=redis, job_class=TracedJob).enqueue(jobs.second),
                Queue(connection=redis, job_class="profcov.queues.rq.TracedJob").enqueue(jobs.second),
                queue.enqueue(jobs.other),
                TracedQueue(*positional(Queue, name="default", connection=redis, job_class=Job)).enqueue(jobs.other),
            ]
        tell([job.id for job in ids])
        """
    )
    stamped = {"profile_trace_slug": "demo"}
    assert [rq.fetch(each).meta for each in (by_queue, by_class, by_name)] == [stamped] * 3
    assert [rq.fetch(each).meta for each in (plain, given)] == [{}, {}]
    rq.work()
    assert rq.combined("demo") == {"second"}


def test_installing_and_uninstalling_leave_rq_as_it_was(rq: Any) -> None:
    assert rq.run(
        """
        installed = Job.__dict__["create"]
        install()
        same = Job.__dict__["create"] is installed
        uninstall()
        original = Job.__dict__["create"]
        uninstall()
        still = Job.__dict__["create"] is original
        untouched = original.__func__.__module__, hasattr(original.__func__, "__wrapped__")
        install()
        install()
        uninstall()
        told = [same, still, untouched, Job.__dict__["create"] is original, installed is original]
        with profcov.trace("demo"):
            told.append(queue.enqueue(jobs.other).meta)
        tell(told)
        """
    ) == [True, True, ["rq.job", False], True, False, {}]


def test_where_profcov_is_off_nothing_is_installed_and_jobs_run_as_ever(rq: Any) -> None:
    rq.environ["ENABLE_PROFILE_COVERAGE"] = "0"
    job_id, name = rq.run(
        """
        with profcov.trace("demo"):
            job = queue.enqueue(jobs.second, meta={"profile_trace_slug": "demo"})
        tell([job.id, Job.__dict__["create"].__func__.__module__])
        """
    )
    rq.work()
    assert name == "rq.job"
    assert rq.status(job_id) == "finished"
    assert not rq.data.exists()


def test_untraced_jobs_are_exactly_as_rq_makes_them(rq: Any) -> None:
    installed, plain = rq.run(
        """
        def make():
            made = []
            for number, options in enumerate(({}, {"meta": {"user": 1}}, {"description": "mine", "result_ttl": 5})):
                job = queue.enqueue(jobs.other, "x", key=1, job_id=f"job-{number}", **options)
                stored = redis.hgetall(job.key)
                made.append({k.decode(): repr(v) for k, v in stored.items() if not k.endswith(b"_at")})
            return made
        installed = make()
        uninstall()
        tell([installed, make()])
        """
    )
    assert installed == plain
    assert len(plain[1]) > 5
    assert rq.redis.keys("profcov:*") == []


def test_metadata_that_the_caller_gives_is_kept_and_not_changed(rq: Any) -> None:
    assert rq.run(
        """
        from rq.decorators import job
        mine = {"user": 1}
        decorated = job("default", connection=redis, meta=mine)(jobs.other)
        with profcov.trace("demo"):
            one, two = queue.enqueue(jobs.other, meta=mine), decorated.delay()
            three = Job.create(*positional(Job.create, func=jobs.other, connection=redis, meta=mine))
        after = decorated.delay()
        tell([mine, one.meta, two.meta, three.meta, after.meta, one.args])
        """
    ) == [{"user": 1}, *[{"user": 1, "profile_trace_slug": "demo"}] * 3, {"user": 1}, []]


def test_a_job_that_is_created_under_two_slugs_keeps_the_first(rq: Any) -> None:
    assert rq.run(
        """
        with profcov.trace("outer"):
            with profcov.trace("inner"):
                one = queue.enqueue(jobs.other)
            two = queue.enqueue(jobs.other, meta={"profile_trace_slug": "mine"})
        tell([one.meta, two.meta])
        """
    ) == [{"profile_trace_slug": "inner"}, {"profile_trace_slug": "mine"}]


def test_a_traced_job_has_no_id_before_rq_gives_it_one_and_is_listed_when_it_is_saved(rq: Any) -> None:
    first, given = rq.run(
        """
        with profcov.trace("demo"):
            job = queue.create_job(jobs.other)
            assert job._id is None  # which is how RQ 3 refuses unique=True without an id
            assert not redis.exists("profcov:jobs:demo")
            job.save()
            assert "save" not in vars(job)
            assert redis.smembers("profcov:jobs:demo") == {job.id.encode()}
            tell([job.id, queue.create_job(jobs.other, job_id="mine").id])
        """
    )
    assert {each.decode() for each in rq.redis.smembers("profcov:jobs:demo")} == {first, given}


def test_a_job_that_fails_and_its_callback_keep_their_lines(rq: Any) -> None:
    job_id = rq.run(
        """
        from rq import Callback
        with profcov.trace("demo"):
            tell(queue.enqueue(jobs.failing, on_failure=Callback(jobs.on_failure)).id)
        """
    )
    rq.work()
    assert rq.status(job_id) == "failed"
    assert rq.combined("demo") == {"failing", "on_failure", "in_callback"}


def test_a_job_that_is_tried_again_keeps_the_lines_of_both_tries_even_if_it_replaces_its_metadata(rq: Any) -> None:
    job_id = rq.run(
        """
        with profcov.trace("demo"):
            tell(queue.enqueue(jobs.retried, retry=jobs.RETRY).id)
        """
    )
    rq.work()
    assert rq.status(job_id) == "finished"
    assert rq.combined("demo") == {"retried", "second_try"}
    assert rq.fetch(job_id).meta == {"mine": 1, "profile_trace_slug": "demo"}


def test_a_job_that_is_timed_out_fails_as_ever_and_keeps_its_lines(rq: Any) -> None:
    job_id = rq.run(
        """
        with profcov.trace("demo"):
            tell(queue.enqueue(jobs.slow, 60, job_timeout=1).id)
        """
    )
    rq.work()
    assert rq.status(job_id) == "failed"
    assert "JobTimeoutException" in rq.fetch(job_id).latest_result().exc_string
    assert rq.combined("demo") == {"slow", "step"}


def test_whatever_a_job_puts_in_place_of_its_metadata_it_ends_as_ever(rq: Any) -> None:
    ids = rq.run(
        """
        values = [None, {}, [1], "text", 7]
        with profcov.trace("demo"):
            ids = [queue.enqueue(jobs.replace_meta, value).id for value in values]
        tell(ids)
        """
    )
    rq.work()
    assert [rq.status(each) for each in ids] == ["finished"] * 5
    assert rq.combined("demo") == {"replace_meta"}


def test_a_job_whose_module_cannot_be_imported_fails_as_ever(rq: Any) -> None:
    ids = rq.run(
        """
        names = ["nowhere.at_all", "jobs.nothing", "leaving.function"]
        with profcov.trace("demo"):
            ids = [queue.enqueue(name).id for name in names]
        tell(ids + [queue.enqueue(name).id for name in names])
        """
    )
    rq.work()
    assert [rq.status(each) for each in ids] == ["failed"] * 6
    causes = [rq.fetch(each).latest_result().exc_string.splitlines()[-1] for each in ids]
    assert causes[:3] == causes[3:]


def test_as_soon_as_rq_says_finished_the_shard_is_there(rq: Any) -> None:
    ids = rq.run(
        """
        ids = []
        for number in range(int(os.environ.get("PROFCOV_READS", "50"))):
            with profcov.trace(f"demo-{number}"):
                ids.append(queue.enqueue(jobs.second).id)
        tell(ids)
        """
    )
    found = 0
    with rq.start_worker("--burst") as worker:
        for number, job_id in enumerate(ids):
            key = f"rq:job:{job_id}"
            while rq.redis.hget(key, "status") != b"finished":
                assert worker.poll() is None or rq.redis.hget(key, "status") == b"finished"
            found += rq.functions(f"demo-{number}") == {"second"}
    print({"jobs": len(ids), "found": found})
    assert found == len(ids) >= 50


def test_a_worker_of_ones_own_measures_with_the_mixin(rq: Any) -> None:
    rq.run(
        """
        with profcov.trace("demo"):
            queue.enqueue(jobs.first)
        queue.enqueue(jobs.other)
        tell(None)
        """
    )
    rq.work("--worker-class", "jobs.TracedSimpleWorker")
    assert rq.combined("demo") == {"first", "second"}


def test_a_stock_worker_runs_stamped_jobs_unmeasured(rq: Any) -> None:
    job_id = rq.run(
        """
        with profcov.trace("demo"):
            tell(queue.enqueue(jobs.second).id)
        """
    )
    rq.work("--worker-class", "rq.Worker")
    assert rq.status(job_id) == "finished"
    assert rq.functions("demo") == set()


def test_a_job_knows_its_slug(rq: Any) -> None:
    traced, plain = rq.run(
        """
        with profcov.trace("demo"):
            traced = queue.enqueue(jobs.slug).id
        tell([traced, queue.enqueue(jobs.slug).id])
        """
    )
    rq.work()
    assert [rq.fetch(each).return_value() for each in (traced, plain)] == ["demo", None]


def test_readers_wait_for_a_job_that_runs_and_a_warm_shutdown_lets_it_end(
    rq: Any, wait_until: Callable[..., None]
) -> None:
    job_id = rq.run(
        """
        with profcov.trace("demo"):
            tell(queue.enqueue(jobs.slow, 60, job_timeout=2).id)
        """
    )
    with rq.start_worker(PROFILE_COVERAGE_FLUSH_SECONDS="0.05") as worker:
        wait_until(lambda: rq.functions("demo") == {"slow", "step"}, "the periodic flush of a long job")
        assert rq.status(job_id) == "started"
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    assert rq.status(job_id) == "failed"
    assert rq.combined("demo") == {"slow", "step"}

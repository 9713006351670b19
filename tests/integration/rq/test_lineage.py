"""Which jobs a profile had, which had started them, and what became of each: in the sidecar, and in the contexts."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from coverage import CoverageData
from jsonschema import Draft202012Validator

from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "reference" / "sidecar.schema.json").read_text())


def read_jobs(rq: Any, told: dict[str, str | None] | None = None) -> dict[str, dict[str, Any]]:
    """Combine, and return the jobs in the sidecar by id."""
    facts = read_sidecar(combine(DataDirectory(rq.data), parse_slug("demo"), timeout=30, jobs=told).path)
    Draft202012Validator(SCHEMA).validate(facts)
    assert facts["job_ids"] == sorted(each["id"] for each in facts["jobs"])
    return {each["id"]: each for each in facts["jobs"]}


def test_the_sidecar_lists_the_jobs_with_what_started_them_and_what_became_of_them(rq: Any) -> None:
    first, retried, failing, never = rq.run(
        """
        import flask
        from profcov.web.flask import ProfileTrace
        app = flask.Flask("app")
        @app.post("/start/<name>")
        def start(name):
            return [queue.enqueue(jobs.first).id]
        ProfileTrace(app)
        (first,) = app.test_client().post("/start/a", headers={"X-Profile-Trace": "demo"}).json
        with profcov.trace("demo"):
            retried = queue.enqueue(jobs.retried, retry=jobs.RETRY).id
            failing = queue.enqueue(jobs.failing).id
            never = Queue("elsewhere", connection=redis).enqueue(jobs.second).id
        tell([first, retried, failing, never])
        """
    )
    rq.work()
    second = rq.fetch(first).return_value()
    found = read_jobs(rq, {never: "queued", "gone": None})
    assert {
        job: [each[key] for key in ("function", "parent", "queue", "status", "attempts")] for job, each in found.items()
    } == {
        first: ["jobs.first", "POST /start/<name>", "default", "finished", 1],
        second: ["jobs.second", f"job:{first}", "default", "finished", 1],
        retried: ["jobs.retried", None, "default", "finished", 2],
        failing: ["jobs.failing", None, "default", "failed", 1],
        never: ["jobs.second", None, "elsewhere", "queued", 0],
        "gone": [None, None, None, "gone", 0],
    }
    assert [found[never][key] for key in ("seconds", "host")] == [None, None]
    assert found[first]["seconds"] > 0
    assert found[first]["host"]


@pytest.mark.parametrize("context", ["profile", "route", "request"])
def test_the_lines_of_a_job_have_its_function_in_their_context(rq: Any, context: str) -> None:
    rq.environ["PROFILE_COVERAGE_CONTEXT"] = context
    first = rq.run(
        """
        with profcov.trace("demo"):
            tell(queue.enqueue(jobs.first).id)
        """
    )
    rq.work("--worker-class", "jobs.TracedSimpleWorker")
    second = rq.fetch(first).return_value()
    rq.combined("demo")
    data = CoverageData(str(rq.data / "demo.coverage"))
    data.read()
    idents = (f":{first}", f":{second}") if context == "request" else ("", "")
    assert data.measured_contexts() == {
        f"profile:demo{idents[0]}|job:jobs.first",
        f"profile:demo{idents[1]}|job:jobs.second",
    }


def test_a_job_that_runs_often_in_one_process_is_counted_each_time_though_it_has_no_new_lines(rq: Any) -> None:
    ids = rq.run(
        """
        with profcov.trace("demo"):
            tell([queue.enqueue(jobs.second).id for _ in range(3)])
        """
    )
    rq.work("--worker-class", "jobs.TracedSimpleWorker")
    found = read_jobs(rq)
    assert sorted(found) == sorted(ids)
    assert {each["status"] for each in found.values()} == {"finished"}


@pytest.mark.parametrize(
    ("number", "status", "died"), [(signal.SIGKILL, "killed", True), (signal.SIGTERM, "stopped", False)]
)
def test_a_job_whose_horse_was_ended_is_named(
    rq: Any, wait_until: Callable[..., None], number: int, status: str, *, died: bool
) -> None:
    rq.environ["PROFILE_COVERAGE_FLUSH_SECONDS"] = "0.1"
    job_id = rq.run('with profcov.trace("demo"):\n    tell(queue.enqueue(jobs.forever).id)\n')
    with rq.start_worker() as worker:
        wait_until(lambda: rq.functions("demo") == {"forever", "step"}, "the lines are written")
        pid = int(rq.redis.get("running"))
        os.kill(pid, number)
        wait_until(lambda: rq.status(job_id) == "failed", "RQ knows")
        worker.terminate()
        assert worker.wait(30) == 0
    found = read_jobs(rq)
    assert [found[job_id][key] for key in ("status", "function", "attempts")] == [status, "jobs.forever", 1]
    facts = read_sidecar(rq.data / "demo.coverage")
    assert [(each["pid"], each["job"]) for each in facts["died"]] == ([(pid, job_id)] if died else [])


def test_jobs_that_run_nothing_that_is_measured_are_one_sentence(rq: Any, tmp_path: Path) -> None:
    (tmp_path / "measured.ini").write_text("[run]\nsource = elsewhere\n")
    rq.run('with profcov.trace("demo"):\n    queue.enqueue("time.time")\ntell(None)\n')
    rq.work()
    with pytest.raises(Exception, match="traced, but no measured file ran: is `source` right"):
        combine(DataDirectory(rq.data), parse_slug("demo"), timeout=30)


def test_the_parent_is_known_after_a_thread_of_the_request_has_ended(rq: Any) -> None:
    (job_id,) = rq.run(
        """
        import concurrent.futures, flask
        from profcov.web.flask import ProfileTrace
        app = flask.Flask("app")
        @app.post("/start")
        def start():
            with concurrent.futures.ThreadPoolExecutor() as pool:
                pool.submit(jobs.other).result()
            return [queue.enqueue(jobs.second).id]
        ProfileTrace(app)
        tell(app.test_client().post("/start", headers={"X-Profile-Trace": "demo"}).json)
        """
    )
    assert read_jobs(rq)[job_id]["parent"] == "POST /start"


def test_a_time_limit_that_strikes_while_a_job_is_listed_is_the_jobs(rq: Any) -> None:
    assert (
        rq.run(
            """
        from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty
        import socket, time
        listener = socket.create_server(("127.0.0.1", 0))  # it accepts, and never answers
        slow = Redis(port=listener.getsockname()[1], socket_timeout=20)
        caught = None
        with profcov.trace("demo"):
            try:
                with UnixSignalDeathPenalty(1, JobTimeoutException):
                    Job.create(jobs.second, connection=slow, id="mine")
            except JobTimeoutException as error:
                caught = type(error).__name__
        listener.close()
        tell(caught)
        """
        )
        == "JobTimeoutException"
    )


def test_a_child_process_of_a_job_has_its_label_and_a_failed_exec_leaves_it_at_work(rq: Any) -> None:
    job_id = rq.run('with profcov.trace("demo"):\n    tell(queue.enqueue(jobs.with_child).id)\n')
    rq.work()
    assert rq.status(job_id) == "finished"
    found = read_jobs(rq)
    data = CoverageData(str(rq.data / "demo.coverage"))
    data.read()
    assert data.measured_contexts() == {"profile:demo|job:jobs.with_child"}
    assert found[job_id]["status"] == "finished"

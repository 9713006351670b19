from __future__ import annotations

import pytest

from profcov.slug import parse_slug
from profcov.store.facts import is_job_note
from profcov.store.holders import Holder
from profcov.store.jobs import JobRun, enqueued, list_jobs, list_unfinished, list_unmeasured

DEMO = parse_slug("demo")
KEYS = ("id", "function", "parent", "queue", "status", "attempts", "host")


def run(job: str, status: str, started: float, **other: object) -> dict[str, object]:
    note = JobRun(job, "pkg.work", "high").end(status)
    assert is_job_note(note)
    return {**note, "started": started, "host": "worker-1", "seconds": 1.5, **other}


def died(pid: int, since: float, job: str) -> Holder:
    return Holder(DEMO, "worker-2", pid, since, False, job)


def test_what_is_noted_of_a_job_in_several_places_becomes_one_entry() -> None:
    notes = [
        run("b", "retried", 10.0),
        enqueued("b", "pkg.work", "high", "job:a"),
        run("b", "finished", 20.0, host="worker-3"),
        run("b", "finished", 20.0, host="worker-3"),  # the same, twice
        enqueued("a", "pkg.start", "low", "POST /runs"),
    ]
    found = list_jobs(notes, [], {})
    assert [[each[key] for key in KEYS] for each in found] == [
        ["a", "pkg.start", "POST /runs", "low", "enqueued", 0, None],
        ["b", "pkg.work", "job:a", "high", "finished", 2, "worker-3"],
    ]
    assert [each["seconds"] for each in found] == [None, 3.0]


def test_a_killed_attempt_counts_unless_the_process_had_noted_the_end_of_its_job() -> None:
    note = run("a", "finished", 10.0, pid=7, host="worker-2")
    (done,) = list_jobs([note], [died(7, 10.1, "a")], {"a": "finished"})
    assert (done["status"], done["attempts"]) == ("finished", 1)
    (again,) = list_jobs([note], [died(8, 20.0, "a"), died(9, 5.0, "")], {"a": "failed"})
    assert (again["status"], again["attempts"], again["host"]) == ("killed", 2, "worker-2")


def test_what_rq_says_counts_and_what_was_known_before_stays() -> None:
    before = list_jobs([enqueued("a", "f", "q", None), enqueued("b", "f", "q", None)], [], {})
    found = list_jobs([], [], {"b": "canceled", "c": None}, before)
    assert [(each["id"], each["status"]) for each in found] == [("a", "enqueued"), ("b", "canceled"), ("c", "gone")]


@pytest.mark.parametrize("wrong", [None, [], {}, {"id": 1, "function": "f", "queue": "q", "parent": None}])
def test_anything_else_is_no_note(wrong: object) -> None:
    assert is_job_note(enqueued("a", "f", "q", None))
    assert not is_job_note(wrong)
    assert not is_job_note({**JobRun("a", "f", "q").end("failed"), "started": "yesterday"})
    assert not is_job_note({**JobRun("a", "f", "q").end("failed"), "seconds": float("nan")})
    assert not is_job_note({**enqueued("a", "f", "q", None), "parent": 1})


def test_what_a_process_notes_last_of_an_attempt_counts() -> None:
    attempt = JobRun("a", "f", "q")
    first, last = attempt.end("finished"), attempt.end("failed")
    for notes in ([first, last], [last, first]):
        notes[0]["seconds"], notes[1]["seconds"] = (0.1, 0.2) if notes[0] is first else (0.2, 0.1)
        (found,) = list_jobs(notes, [], {})
        assert (found["status"], found["attempts"]) == ("failed", 1)


def test_an_attempt_that_was_killed_is_told_from_an_earlier_one_in_the_same_process() -> None:
    note = run("a", "failed", 10.0, pid=7, host="worker-2")  # ended at 11.5
    (found,) = list_jobs([note], [died(7, 12.0, "a")], {})
    assert (found["status"], found["attempts"]) == ("killed", 2)


@pytest.mark.parametrize("told", ["queued", "started", "deferred", "scheduled", "created", "of a later RQ", {}])
@pytest.mark.parametrize("noted", [None, "retried", "repeated", "killed"])
def test_a_job_that_rq_has_yet_to_run_is_unfinished_though_an_attempt_was_killed(
    noted: str | None, told: object
) -> None:
    runs = [] if noted in {None, "killed"} else [run("a", str(noted), 10.0)]
    dead = [died(7, 20.0, "a")] if noted == "killed" else []
    found = list_jobs([enqueued("a", "f", "q", None), *runs], dead, {"a": told} if isinstance(told, str) else {})
    knows_nothing_newer = noted == "killed" and told in ("started", {})
    assert (list_unfinished(found), list_unmeasured(found)) == ([] if knows_nothing_newer else ["a"], [])
    assert found[0]["status"] == ("killed" if knows_nothing_newer else told or noted or "enqueued")


@pytest.mark.parametrize("told", ["finished", "failed", "stopped", None])
def test_a_job_that_has_ended_without_anybody_who_measures_is_unmeasured(told: str | None) -> None:
    found = list_jobs([enqueued("a", "f", "q", None)], [], {"a": told, "of the artifact before": told})
    assert (list_unfinished(found), list_unmeasured(found)) == ([], ["a"])
    found = list_jobs([enqueued("a", "f", "q", None), run("a", "finished", 1.0)], [], {"a": told})
    assert (list_unfinished(found), list_unmeasured(found)) == ([], [])


def test_a_job_that_was_canceled_is_neither() -> None:
    found = list_jobs([enqueued("a", "f", "q", None)], [], {"a": "canceled"})
    assert (list_unfinished(found), list_unmeasured(found)) == ([], [])


def test_an_attempt_after_the_artifact_to_append_to_is_added_to_those_in_it() -> None:
    before = list_jobs([enqueued("a", "f", "q", "POST /"), run("a", "retried", 10.0)], [], {"a": "queued"})
    (found,) = list_jobs([run("a", "finished", 20.0, host="worker-3")], [], {}, before)
    assert [found[key] for key in KEYS] == ["a", "pkg.work", "POST /", "high", "finished", 2, "worker-3"]
    assert list_unfinished(list_jobs([], [], {"a": None}, before)) == []

"""The jobs of a profile: the notes of processes in their shards, and the state that follows from all notes."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final

from profcov.reasons import JOBS_UNFINISHED, JOBS_UNMEASURED
from profcov.store.layout import host_name

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from profcov.store.holders import Holder

STARTED: Final = "started"
FINISHED: Final = "finished"
FAILED: Final = "failed"
STOPPED: Final = "stopped"
KILLED: Final = "killed"
ENQUEUED: Final = "enqueued"
RETRIED: Final = "retried"
REPEATED: Final = "repeated"
GONE: Final = "gone"
"""RQ no longer has it, and no process noted its outcome."""
CREATED: Final = "created"
"""RQ has it, and nothing has enqueued it so far."""
CANCELED: Final = "canceled"
_ENDED: Final = frozenset({FINISHED, FAILED, STOPPED, KILLED, GONE})
_MAX_NAMED: Final = 3
_CLOCKS: Final = 0.002
"""By how many seconds two clocks may differ, including rounding."""


class JobRun:
    """One attempt at a job, in the process that performs it; ``function`` is None while its name is not known."""

    __slots__ = ("_clock", "_facts", "function", "id", "status")

    def __init__(self, job_id: str, function: str | None, queue: str) -> None:
        self.id = job_id
        self.function = function
        self.status = STARTED
        self._clock = time.monotonic()
        self._facts = {"id": job_id, "queue": queue, "host": host_name(), "pid": os.getpid(), "started": time.time()}

    def end(self, status: str) -> dict[str, Any]:
        """Return the note about it, now that it has ended."""
        self.status = status
        seconds = round(time.monotonic() - self._clock, 3)
        return {**self._facts, "function": self.function or "", "status": status, "seconds": seconds}


def enqueued(job_id: str, function: str, queue: str, parent: str | None) -> dict[str, Any]:
    """Return the note about a job where it is created; ``parent`` is the job or request that creates it."""
    return {"id": job_id, "function": function, "queue": queue, "parent": parent}


def may_run(status: str) -> bool:
    """Return whether a job with this status, RQ's or ours, may still run, or is running; an unknown status of a later RQ may."""
    return status not in _ENDED and status != CANCELED


def list_unfinished(jobs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the ids of the jobs, as :func:`list_jobs` has them, that are not known to have ended."""
    return [each["id"] for each in jobs if may_run(each["status"])]


def list_unmeasured(jobs: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the ids of the jobs that have ended, and that no measuring process performed.

    A job that only RQ knows belongs to an earlier artifact, because the creation of a job is noted.
    """
    return [
        each["id"] for each in jobs if each["status"] in _ENDED and not each["attempts"] and each["queue"] is not None
    ]


def name_doubtful(jobs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Map each reason why an artifact is not complete because of its jobs to the ids of some, and how many more there are."""
    doubtful = {JOBS_UNFINISHED: list_unfinished(jobs), JOBS_UNMEASURED: list_unmeasured(jobs)}
    return {reason: name_some(ids) for reason, ids in doubtful.items() if ids}


def name_some(ids: Sequence[str]) -> str:
    """Return the first ids, and how many more there are."""
    more = len(ids) - _MAX_NAMED
    return ", ".join(ids[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def list_jobs(
    notes: Iterable[Mapping[str, Any]],
    died: Iterable[Holder],
    from_rq: Mapping[str, str | None],
    before: Iterable[dict[str, Any]] = (),
    counted: Iterable[Mapping[str, Any]] = (),
) -> list[dict[str, Any]]:
    """Return each job once, by id: id, function, parent, queue, status, attempts, seconds, host.

    Unknown values are None. ``seconds`` are those of all attempts, ``host`` is the last one's.

    Args:
        notes: the notes of processes.
        died: the processes that were killed, with the job that each was at.
        from_rq: the jobs that RQ knows, with their status there.
        before: the list of the artifact that is appended to.
        counted: the notes whose attempts are already counted there.
    """
    known = {_key(note) for note in counted if "started" in note}
    made: dict[str, Mapping[str, Any]] = {}
    runs: dict[str, dict[Any, Mapping[str, Any]]] = {}
    for note in notes:
        if "started" in note:
            own = runs.setdefault(note["id"], {})
            key = _key(note)
            if key not in own or own[key]["seconds"] <= note["seconds"]:  # what was noted last
                own[key] = note
        else:
            made[note["id"]] = note
    for each in died:
        own = runs.setdefault(each.job, {}) if each.job else {}
        if not any(_is_of(run, each) for run in own.values()):
            own[each.host, each.pid, each.since] = {"host": each.host, "started": each.since, "status": KILLED}
    earlier = {each["id"]: each for each in before}
    now = {
        job: _sum_up(job, made.get(job, {}), runs.get(job, {}), from_rq, earlier.get(job, {}), counted=known)
        for job in {*made, *runs, *from_rq}
    }
    return [each for _, each in sorted({**earlier, **now}.items())]


def _key(note: Mapping[str, Any]) -> tuple[str, int, float]:
    """Return what identifies an attempt."""
    return note["host"], note["pid"], note["started"]


def _is_of(run: Mapping[str, Any], died: Holder) -> bool:
    """Return whether a process has noted the end of the attempt that it was performing, or had just performed, when it died."""
    ended = run["started"] + run.get("seconds", 0) + _CLOCKS
    return (run["host"], run.get("pid")) == (died.host, died.pid) and ended >= died.since


def _sum_up(
    job: str,
    made: Mapping[str, Any],
    noted: Mapping[Any, Mapping[str, Any]],
    from_rq: Mapping[str, str | None],
    before: Mapping[str, Any],
    *,
    counted: Container[Any],
) -> dict[str, Any]:
    runs = list(noted.values())
    new = [run for key, run in noted.items() if key not in counted]
    last = max(runs, key=lambda run: run["started"], default={})
    known = {**before, **next((run for run in runs if "function" in run), {}), **made}
    seconds = [each["seconds"] for each in (before, *new) if each.get("seconds") is not None]
    status = last.get("status") or before.get("status", ENQUEUED)
    return {
        "id": job,
        "function": known.get("function"),
        "parent": known.get("parent"),
        "queue": known.get("queue"),
        "status": _decide(status, from_rq[job]) if job in from_rq else status,
        "attempts": len(new) + before.get("attempts", 0),
        "seconds": round(sum(seconds), 3) if seconds else None,
        "host": last.get("host") or before.get("host"),
    }


def _decide(noted: str, in_rq: str | None) -> str:
    """Return the status of a job from its last note and from RQ's status, which is None if RQ no longer has it."""
    if in_rq is None:
        return GONE if may_run(noted) else noted
    is_over = in_rq == STARTED and not may_run(noted)  # RQ notices a killed worker later
    is_killed = noted == KILLED and not may_run(in_rq)  # RQ has no word for it
    return noted if is_over or is_killed else in_rq

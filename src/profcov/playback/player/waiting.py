"""What a step waits for: a condition on an answer, or the jobs that answers have named."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from profcov.playback.client.answers import excerpt, read_json, search, title
from profcov.playback.client.call import Call
from profcov.playback.client.failure import StepFailedError
from profcov.playback.player.barrier import wait_for_jobs
from profcov.playback.player.filling import fill_path
from profcov.playback.player.judge import check_status
from profcov.playback.player.polling import tries
from profcov.playback.scenario.states import find_state, is_failure, is_success
from profcov.playback.scenario.template import JOB_ID

if TYPE_CHECKING:
    import requests

    from profcov.playback.client.client import Client
    from profcov.playback.player.polling import Stop
    from profcov.playback.scenario.model import JobsWait, Wait
    from profcov.slug import Slug

_GONE: Final = frozenset({404, 410})


@dataclass(slots=True)
class Play:
    """One play: its client and limits, the variables so far, and the jobs that answers have named."""

    client: Client
    values: dict[str, Any]
    timeout: float
    interval: float | None
    stop: Stop
    slug: Slug
    redis_url: str | None
    jobs: list[str] = field(default_factory=list)


def wait_until(
    wait: Wait,
    play: Play,
    call: Call,
    status: tuple[int, ...] = (),
    answer: requests.Response | None = None,
) -> requests.Response:
    """Send a request until the condition is true of its answer; ``answer`` is the first one, if it is there already.

    Raises:
        StepFailedError: it never was, or ``fail`` came true.
        TargetError: the server cannot be used.
    """
    timeout = wait.timeout or play.timeout
    for _ in tries(timeout, play.stop, interval=play.interval or wait.interval):
        answer = play.client.send(call) if answer is None else answer  # one of 404 is false
        check_status(answer, status)
        value = read_json(answer)
        if wait.fail is not None and _is_true(search(wait.fail, value, answer)):
            raise StepFailedError(
                f"{title(answer)}: {wait.fail.expression!r} came true: {excerpt(answer)}",
            )
        if _is_true(search(wait.until, value, answer)):
            return answer
        last, answer = answer, None
    if play.stop.is_set():
        raise StepFailedError("playback was stopped while it waited")
    raise StepFailedError(
        f"{title(last)}: {wait.until.expression!r} was not true within {timeout:g} s, the last answer is "
        f"{excerpt(last)}",
    )


def wait_for_named_jobs(wait: JobsWait, play: Play) -> None:
    """Wait for the jobs that answers so far have named: in Redis, or without one at the path that shows their state.

    Raises:
        StepFailedError: they are not over in time, or there is no way to wait for them.
        TargetError: Redis does not answer, or the server cannot be used.
    """
    if not play.jobs:
        return
    if play.redis_url is None and wait.path is None:
        raise StepFailedError(
            f"the answers name the job {play.jobs[0]}, but not how to wait for it: give --redis-url, or the path "
            "that shows its state (jobs in the hints of a recording, path beside jobs in YAML)",
        )
    timeout = wait.timeout or play.timeout
    if play.redis_url is not None:
        pending = wait_for_jobs(play.redis_url, play.slug, timeout, play.stop, also=play.jobs)
    else:
        pending = _ask_for_jobs(wait.path or "", play, timeout)
    if play.stop.is_set():
        raise StepFailedError("playback was stopped while it waited")
    if pending:
        raise StepFailedError(f"jobs that are still to run after {timeout:g} s: {', '.join(pending)}")
    play.jobs.clear()


def _ask_for_jobs(path: str, play: Play, timeout: float) -> tuple[str, ...]:
    """Ask the server until each job is over, and return those that are not when the time is up.

    As in Redis, one that failed is over, and so is one that the server knows no more; both are noted.
    """
    end = time.monotonic() + timeout
    jobs = tuple(dict.fromkeys(play.jobs))
    for number, job in enumerate(jobs):
        call = Call(method="GET", path=fill_path(path, {**play.values, JOB_ID: quote(job, safe="")}))
        for _ in tries(max(0.0, end - time.monotonic()), play.stop, interval=play.interval):
            if _is_over(play.client.send(call), job, play):
                break
        else:
            return jobs[number:]
    return ()


def _is_over(answer: requests.Response, job: str, play: Play) -> bool:
    if answer.status_code in _GONE:
        play.client.notes[f"{title(answer)}: the server does not know job {job}: it counts as ended"] = None
        return True
    check_status(answer, ())
    found = find_state(read_json(answer))
    if found is None:
        raise StepFailedError(f"{title(answer)}: shows no state of a job in {excerpt(answer)}")
    if is_failure(found[1]):
        play.client.notes[f"job {job} ended as {found[1]!r}"] = None
    return is_success(found[1]) or is_failure(found[1])


def _is_true(value: Any) -> bool:
    """Return whether JMESPath takes a value for true: all but null, false, and empty texts, lists and objects."""
    return value is not None and value is not False and value not in ("", [], {})

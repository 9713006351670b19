"""What a step waits for: an answer that says so, or the jobs that answers have named."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from profcov.playback import expectation
from profcov.playback.barrier import wait_for_jobs
from profcov.playback.failure import StepFailedError
from profcov.playback.polling import tries

if TYPE_CHECKING:
    import requests

    from profcov.playback.call import Call
    from profcov.playback.client import Client
    from profcov.playback.polling import Stop
    from profcov.playback.profile import JobsWait, Wait
    from profcov.slug import Slug


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
    """Send a request until its answer says so; ``answer`` is the first one, where it is there already.

    Raises:
        StepFailedError: it never did, or said that it will not.
        TargetError: the server cannot be used.
    """
    timeout = wait.timeout or play.timeout
    for _ in tries(timeout, play.stop, interval=play.interval or wait.interval):
        answer = answer or play.client.send(call)
        expectation.check_status(answer, status)
        value = expectation.read_json(answer)
        if wait.fail is not None and _is_true(expectation.search(wait.fail, value, answer)):
            raise StepFailedError(
                f"{expectation.title(answer)}: {wait.fail.expression!r} came true: {expectation.excerpt(answer)}",
            )
        if _is_true(expectation.search(wait.until, value, answer)):
            return answer
        last, answer = answer, None
    if play.stop.is_set():
        raise StepFailedError("playback was stopped while it waited")
    raise StepFailedError(
        f"{expectation.title(last)}: {wait.until.expression!r} was not true within {timeout:g} s, the last answer is "
        f"{expectation.excerpt(last)}",
    )


def wait_for_named_jobs(wait: JobsWait, play: Play) -> None:
    """Wait in Redis for the jobs that answers so far have named.

    Raises:
        StepFailedError: they are not over in time, or nothing says how to wait for them.
        TargetError: Redis does not answer.
    """
    if not play.jobs:
        return
    if play.redis_url is None:
        raise StepFailedError(
            f"the answers name the job {play.jobs[0]}, and nothing says how to wait for it: give --redis-url, or a wait "
            "with the path that shows its state",
        )
    timeout = wait.timeout or play.timeout
    pending = wait_for_jobs(play.redis_url, play.slug, timeout, play.stop, also=play.jobs)
    if play.stop.is_set():
        raise StepFailedError("playback was stopped while it waited")
    if pending:
        raise StepFailedError(f"jobs that are still to run after {timeout:g} s: {', '.join(pending)}")
    play.jobs.clear()


def _is_true(value: Any) -> bool:
    """Return whether JMESPath takes a value for true: all but null, false, and empty texts, lists and objects."""
    return value is not None and value is not False and value not in ("", [], {})

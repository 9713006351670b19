"""The barrier: which RQ jobs a profile has started, and waiting until none of them is to run any more."""

from __future__ import annotations

import contextlib
import threading
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import TargetError
from profcov.extras import install_command
from profcov.playback.masking.urls import show
from profcov.playback.player.polling import tries
from profcov.store.jobs import CREATED, may_run
from profcov.store.lock import exclusive
from profcov.wire.carrier import jobs_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from redis import Redis

    from profcov.playback.player.polling import Stop
    from profcov.slug import Slug
    from profcov.store.directory import DataDirectory

_SECONDS_TO_ANSWER: Final = 10.0


def can_ask() -> bool:
    """Return whether the packages that read RQ's jobs from Redis are installed."""
    return find_spec("rq") is not None and find_spec("redis") is not None


def check_redis(redis_url: str) -> None:
    """Return if Redis answers and RQ is installed here.

    Raises:
        TargetError: one of them is missing.
    """
    with _connect(redis_url) as redis:
        redis.ping()


def forget_jobs(redis_url: str, slug: Slug) -> None:
    """Drop the ids that an earlier play of the profile left.

    Raises:
        TargetError: Redis does not answer.
    """
    with _connect(redis_url) as redis:
        redis.delete(jobs_key(slug))


def forget_ended(redis_url: str, slug: Slug, jobs: Mapping[str, str | None]) -> None:
    """Drop the ids of those jobs that are not to run any more: they are in an artifact.

    Raises:
        TargetError: Redis does not answer.
    """
    ended = jobs.keys() - _list_pending(jobs)
    if ended:
        with _connect(redis_url) as redis:
            redis.srem(jobs_key(slug), *ended)


def read_jobs(redis_url: str, slug: Slug) -> dict[str, str | None]:
    """Return the jobs that the profile has started, by id, with RQ's status of each; None for one that RQ has dropped.

    Raises:
        TargetError: Redis does not answer.
    """
    with _connect(redis_url) as redis:
        return _read_states(redis, _read_ids(redis, slug))


def wait_for_jobs(
    redis_url: str,
    slug: Slug,
    timeout: float,
    stop: Stop | None = None,
    *,
    also: Iterable[str] = (),
) -> tuple[str, ...]:
    """Wait until no job of the profile is to run, and return the ids of those that still are after ``timeout`` seconds.

    ``also`` are ids of jobs that Redis does not know as the profile's, because it is not traced. A running job may
    start others, so that it ends only when the set has not grown while its jobs were looked at.

    Raises:
        TargetError: Redis does not answer.
    """
    pending: set[str] = set()
    with _connect(redis_url) as redis:
        for _ in tries(timeout, stop or threading.Event()):
            ids = _read_ids(redis, slug).union(also)
            pending = set(_list_pending(_read_states(redis, ids)))
            if not pending and _read_ids(redis, slug) <= ids:
                break
    return tuple(sorted(pending))


def settle(
    redis_url: str, directory: DataDirectory, slug: Slug, timeout: float, *, stop: Stop | None = None
) -> tuple[dict[str, str | None], tuple[str, ...]]:
    """Wait until no job is to run; return all jobs with their status, and those that still are when the time is up.

    What a request does after its answer may start jobs too. It holds the slug's lock, so once that was free and no job was
    added meanwhile, none can be added any more.

    Raises:
        TargetError: Redis does not answer.
        CoverageError: a process is still at work when the time is up.
    """
    end = time.monotonic() + timeout
    while True:
        pending = wait_for_jobs(redis_url, slug, max(0.0, end - time.monotonic()), stop)
        jobs = read_jobs(redis_url, slug)
        if pending:
            return jobs, pending
        with exclusive(directory, slug, max(0.0, end - time.monotonic())):
            after = read_jobs(redis_url, slug)
            if after.keys() == jobs.keys() and not _list_pending(after):
                return after, ()


def _list_pending(states: Mapping[str, str | None]) -> list[str]:
    """Return the jobs that are enqueued and may still run."""
    return [job_id for job_id, state in states.items() if state not in {None, CREATED} and may_run(str(state))]


def _read_ids(redis: Redis, slug: Slug) -> set[str]:
    members: Any = redis.smembers(jobs_key(slug))  # redis types it for asyncio too
    return {member.decode() for member in members}


def _read_states(redis: Redis, ids: set[str]) -> dict[str, str | None]:
    """Return RQ's status of each job, by id, sorted; all are of one instant.

    If they were not, a job could end between two looks, after the one that it started was looked at and not yet there.
    """
    from rq.job import Job  # noqa: PLC0415 (an extra: needed only with --redis-url)

    ordered = sorted(ids)
    with redis.pipeline(transaction=True) as pipeline:
        for job_id in ordered:
            pipeline.hmget(Job.key_for(job_id), "status", "created_at")
        found = pipeline.execute()
    return {job_id: _read_state(*values) for job_id, values in zip(ordered, found, strict=True)}


def _read_state(state: bytes | None, created: bytes | None) -> str | None:
    """Return RQ's status of a job; RQ before 2.6 gives none to one that is saved and not enqueued."""
    return state.decode() if state else CREATED if created else None


@contextlib.contextmanager
def _connect(redis_url: str) -> Iterator[Redis]:
    """Open a connection; whatever fails with Redis inside becomes a TargetError."""
    try:
        import redis  # noqa: PLC0415 (an extra: needed only with --redis-url)
        import rq.job  # noqa: F401, PLC0415 (as above; reported here, before anything is sent)
    except ImportError as error:
        package = (error.name or "rq").partition(".")[0]
        problem = f"waiting for jobs needs {package}: install it with {install_command('rq')}"
        raise TargetError(show(redis_url), problem) from error
    try:
        client: Redis = redis.Redis.from_url(
            redis_url,
            socket_timeout=_SECONDS_TO_ANSWER,
            socket_connect_timeout=_SECONDS_TO_ANSWER,
            decode_responses=False,
        )
    except ValueError as error:
        raise TargetError(show(redis_url), "not a Redis address such as redis://127.0.0.1:6379/0") from error
    try:
        yield client
    except redis.RedisError as error:
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise TargetError(show(redis_url), f"Redis does not answer as it should: {reason}") from error
    finally:
        client.close()

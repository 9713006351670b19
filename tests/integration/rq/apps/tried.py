"""What Redis holds right after a way to make a job was tried."""

from __future__ import annotations

import pickle
import re
from typing import TYPE_CHECKING

from ways import WAYS

import profcov

if TYPE_CHECKING:
    from typing import Any

    from rq import Queue

_RANDOM = re.compile("[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}")


def slugs_of(way: str, queue: Queue, slug: str) -> list[str | None]:
    """Try a way in a unit of work; return the slugs in the metadata of the jobs that it made."""
    queue.connection.flushall()
    with profcov.trace(slug):
        WAYS[way](queue, "job")
    return [meta_of(queue.connection, each).get("profile_trace_slug") for each in job_ids(queue.connection)]


def job_ids(redis: Any) -> list[str]:
    return sorted(key.decode()[7:] for key in redis.keys("rq:job:*") if redis.type(key) == b"hash")


def meta_of(redis: Any, job_id: str) -> dict[str, str]:
    stored = redis.hget(f"rq:job:{job_id}", "meta")
    return dict(pickle.loads(stored)) if stored else {}


def dump(way: str, queue: Queue) -> dict[str, object]:
    """Try a way outside any unit; return all of Redis but times, and names that are made at random."""
    redis: Any = queue.connection  # its types tell bytes from text at no place
    redis.flushall()
    WAYS[way](queue, "job")
    return {_RANDOM.sub("<random>", key.decode()): _read(redis, key) for key in redis.keys("*")}


def _read(redis: Any, key: bytes) -> str | dict[str, str]:
    kind = redis.type(key).decode()
    if kind != "hash":
        return str(kind)
    times = (b"_at", b"heartbeat")
    return {name.decode(): "" if name.endswith(times) else repr(value) for name, value in redis.hgetall(key).items()}

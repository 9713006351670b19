"""Jobs that take a while, each with a function of its own."""

from __future__ import annotations

import random
import time

import many_functions
from rq import Queue, get_current_job


def call(number: int, slug: str | None, inner: int | None = None) -> int:
    """Run the function of this number; then, with an ``inner`` number, enqueue the job of that."""
    job = get_current_job()
    assert job is not None
    job.connection.sadd("began", number)
    found: int = getattr(many_functions, f"f{number}")(slug)
    time.sleep(random.random() * 0.02)
    if inner is not None:
        Queue(connection=job.connection).enqueue(call, inner, slug, job_id=str(inner))
    return found

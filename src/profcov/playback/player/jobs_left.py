"""Sentences on a profile's jobs that have not ended, or were not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from profcov.reasons import JOBS_UNFINISHED, JOBS_UNMEASURED
from profcov.store.jobs import ENQUEUED, name_doubtful, name_some

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def describe_jobs(jobs: Sequence[Mapping[str, Any]], *, is_asked: bool) -> Iterator[str]:
    """Yield a sentence on the jobs of an artifact that are not known to have ended, and one on those that were not measured.

    ``is_asked``: a Redis was.
    """
    named = name_doubtful(jobs)
    unknown = [each["id"] for each in jobs if each["status"] == ENQUEUED]  # RQ's word for it is another
    if unknown and is_asked:
        yield f"RQ jobs that this Redis does not know: {name_some(unknown)}; is it the right one?"
    elif JOBS_UNFINISHED in named and is_asked:
        yield f"RQ jobs that have not ended: {named[JOBS_UNFINISHED]}; is a worker there for their queue?"
    elif JOBS_UNFINISHED in named:
        yield (
            f"RQ jobs whose end is not known: {named[JOBS_UNFINISHED]}; their Redis was not asked: "
            "name it with --redis-url or REDIS_URL, with rq installed"
        )
    if JOBS_UNMEASURED in named:
        yield (
            f"RQ jobs that no measuring worker has performed: {named[JOBS_UNMEASURED]}; "
            "start workers with `profcov run` or `profcov rq worker --with-coverage`, and the same data directory"
        )

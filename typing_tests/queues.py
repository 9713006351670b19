"""How a slug travels with a job of any queue, and RQ's classes and hooks."""

from contextlib import AbstractContextManager
from typing import Any, assert_type

from redis import Redis
from rq import Queue, Worker
from rq.job import Job

from profcov.queues import carry, resume, warm_up
from profcov.queues.rq import (
    CoverageSimpleWorker,
    CoverageSpawnWorker,
    CoverageWorker,
    CoverageWorkerMixin,
    TracedJob,
    TracedQueue,
    install,
    install_workers,
    uninstall,
)
from profcov.settings import Settings

headers: dict[str, str] = {}
assert_type(carry(headers), dict[str, str])
with resume(headers):
    pass
with resume(None):
    pass
block: AbstractContextManager[Any] = resume({"profile_trace_slug": "nightly"})
warm_up()

carry("nightly")  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
carry([("profile_trace_slug", "nightly")])  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
resume("nightly")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
warm_up(4)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def job(number: int) -> int:
    """Do some work."""
    return number


redis = Redis()
install()
install(Settings(enabled=True))
install_workers()
uninstall()
queue: Queue = TracedQueue("night", connection=redis)
assert_type(queue.enqueue(job, 1), Job)
Queue("night", connection=redis, job_class=TracedJob)
assert_type(TracedJob.create(job, connection=redis), TracedJob)
worker: Worker = CoverageWorker([queue], connection=redis)
assert_type(CoverageSimpleWorker(["night"], connection=redis).work(burst=True), bool)
spawning: Worker = CoverageSpawnWorker([queue], connection=redis)


class OwnWorker(CoverageWorkerMixin, Worker):
    """A worker class of one's own, measuring."""


assert_type(OwnWorker([queue], connection=redis).work(burst=True), bool)

install("nightly")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
install_workers(Settings())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
TracedQueue(7, connection=redis)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
TracedJob.create(job, connection=redis).traced  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
CoverageWorker(connection=redis)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

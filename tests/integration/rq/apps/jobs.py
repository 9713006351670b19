"""Jobs for real workers."""

from __future__ import annotations

import os
import time
from typing import Any

from rq import Queue, Retry, SimpleWorker, Worker, get_current_job
from rq.job import Job

from profcov.queues.rq import CoverageWorkerMixin


class OnPurposeError(Exception):
    pass


class TracedSimpleWorker(CoverageWorkerMixin, SimpleWorker):
    pass


class OwnJob(Job):
    pass


class Thing:
    def work(self) -> str:
        return "worked"


class Packed:
    """An argument that runs code when it is unpickled."""

    def __init__(self) -> None:
        self.unpacked = False

    def __setstate__(self, _: Any) -> None:
        self.unpacked = unpack()


def unpack() -> bool:
    return True


def take(packed: Packed) -> bool:
    return packed.unpacked


def first() -> str:
    job = get_current_job()
    assert job is not None
    return Queue(connection=job.connection).enqueue(second).id


def second() -> str:
    return "second"


def chained() -> str:
    return "chained"


def other() -> str:
    return "other"


def failing() -> None:
    raise OnPurposeError


def on_failure(*_: object) -> None:
    in_callback()


def in_callback() -> str:
    return "callback"


def retried() -> str:
    """Fail once, with other metadata; then end well."""
    job = get_current_job()
    assert job is not None
    if not job.connection.incr("tries:" + job.id) > 1:
        job.meta = {"mine": 1}
        raise OnPurposeError
    return second_try()


def second_try() -> str:
    return "done"


def counted() -> None:
    job = get_current_job()
    assert job is not None
    if job.connection.incr("times:" + job.id) > 1:
        second_time()


def second_time() -> str:
    return "again"


def replace_meta(value: Any) -> str:
    job = get_current_job()
    assert job is not None
    job.meta = value
    return "replaced"


def slow(seconds: int) -> None:
    while True:
        step()


def step() -> int:
    return 1


def slug() -> str | None:
    import profcov

    return profcov.current_slug()


RETRY = Retry(max=1)


def forever() -> None:
    """Run until somebody ends it; the Redis key ``running`` has the horse's process id."""
    job = get_current_job()
    assert job is not None
    step()
    job.connection.set("running", os.getpid())
    job.connection.set("running of " + job.id, os.getpid())
    while True:
        time.sleep(0.01)


def leave() -> None:
    step()
    os._exit(3)


class OwnWorker(Worker):
    """A worker class that knows nothing of profcov."""

    def perform_job(self, *args: Any, **kwargs: Any) -> Any:
        self.connection.set("worked by", type(self).__name__)
        return super().perform_job(*args, **kwargs)


def with_child() -> str:
    """Run a function in another process, and fail to become another program."""
    import multiprocessing

    child = multiprocessing.get_context("fork").Process(target=other)
    child.start()
    child.join()
    try:
        os.execv("/nowhere/at-all", ["at-all"])
    except FileNotFoundError:
        return second()


def again() -> Retry:
    return Retry(max=1, interval=3600)

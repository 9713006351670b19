"""Every way to make an RQ job: each function takes a queue and a job id."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import jobs
from rq import Queue, Retry
from rq.decorators import job
from rq.job import Dependency, Job

if TYPE_CHECKING:
    from collections.abc import Callable

    Way = Callable[[Queue, str], Any]

LATER: Final = datetime(2100, 1, 1, tzinfo=UTC)
RQ: Final = tuple(map(int, version("rq").split(".")[:2]))
WAYS: Final[dict[str, Way]] = {}
MISSED_WITHOUT_PATCH: Final[set[str]] = set()
"""Those that do not ask the queue for its job class."""


def way(
    name: str, *, since: tuple[int, int] = (0, 0), needs: str = "rq", is_missed: bool = False
) -> Callable[[Way], Way]:
    """Add a way, where this version of RQ has it and its module is there."""

    def add(make: Way) -> Way:
        if since <= RQ and find_spec(needs):
            WAYS[name] = make
            if is_missed:
                MISSED_WITHOUT_PATCH.add(name)
        return make

    return add


def plain(name: str, **options: Any) -> None:
    way(name)(lambda queue, ident: queue.enqueue(jobs.other, "x", key=1, job_id=ident, **options))


plain("enqueue")
plain("enqueue with metadata", meta={"user": 1})
plain("enqueue at the front", at_front=True)
plain("Retry", retry=Retry(max=2))
plain("Retry with intervals", retry=Retry(max=2, interval=[1, 2]))
way("enqueue by name")(lambda queue, ident: queue.enqueue("jobs.other", job_id=ident))
way("enqueue with args=")(lambda queue, ident: queue.enqueue(jobs.other, args=("x",), kwargs={"key": 1}, job_id=ident))
way("enqueue a method")(lambda queue, ident: queue.enqueue(jobs.Thing().work, job_id=ident))
way("enqueue_call")(lambda queue, ident: queue.enqueue_call(jobs.other, ("x",), {"key": 1}, job_id=ident))
way("enqueue_at")(lambda queue, ident: queue.enqueue_at(LATER, jobs.other, job_id=ident))
way("enqueue_in")(lambda queue, ident: queue.enqueue_in(timedelta(days=1), jobs.other, job_id=ident))
way("enqueue_job")(lambda queue, ident: queue.enqueue_job(queue.create_job(jobs.other, job_id=ident)))
way("schedule_job")(lambda queue, ident: queue.schedule_job(queue.create_job(jobs.other, job_id=ident), LATER))
way("enqueue unique", since=(2, 7))(lambda queue, ident: queue.enqueue(jobs.other, job_id=ident, unique=True))
way("enqueue_job unique", since=(2, 7))(
    lambda queue, ident: queue.enqueue_job(queue.create_job(jobs.other, job_id=ident), unique=True)
)
way("schedule_job unique", since=(2, 7))(
    lambda queue, ident: queue.schedule_job(queue.create_job(jobs.other, job_id=ident), LATER, unique=True)
)
way("run at once")(
    lambda queue, ident: type(queue)(connection=queue.connection, is_async=False).enqueue(jobs.other, job_id=ident)
)


@way("enqueue with a pipeline")
def enqueue_with_a_pipeline(queue: Queue, ident: str) -> None:
    with queue.connection.pipeline() as pipe:
        queue.enqueue(jobs.other, job_id=ident, pipeline=pipe)
        pipe.execute()


@way("depends_on")
def depends_on(queue: Queue, ident: str) -> None:
    before = queue.enqueue(jobs.other, job_id=f"{ident}-before")
    queue.enqueue(jobs.other, job_id=ident, depends_on=before)


@way("Dependency")
def dependency(queue: Queue, ident: str) -> None:
    before = [queue.enqueue(jobs.other, job_id=f"{ident}-{number}") for number in range(2)]
    queue.enqueue(jobs.other, job_id=ident, depends_on=Dependency(before, allow_failure=True))


def two(ident: str) -> list[Any]:
    return [Queue.prepare_data(jobs.other, job_id=f"{ident}-{number}") for number in range(2)]


@way("enqueue_many")
def enqueue_many(queue: Queue, ident: str) -> None:
    queue.enqueue_many(two(ident))


@way("enqueue_many with a pipeline")
def enqueue_many_with_a_pipeline(queue: Queue, ident: str) -> None:
    with queue.connection.pipeline() as pipe:
        queue.enqueue_many(two(ident), pipeline=pipe)
        pipe.execute()


@way("enqueue_many of dependents")
def enqueue_many_of_dependents(queue: Queue, ident: str) -> None:
    first, second = two(ident)
    queue.enqueue_many([first, second._replace(depends_on=[first.job_id])])


@way("enqueue_many of a group", since=(2, 0))
def enqueue_many_of_a_group(queue: Queue, ident: str) -> None:
    queue.enqueue_many(two(ident), group_id="group")


@way("Group", needs="rq.group")
def group(queue: Queue, ident: str) -> None:
    from rq.group import Group

    Group.create(queue.connection, "group").enqueue_many(queue, two(ident))


@way("Group with a pipeline", needs="rq.group")
def group_with_a_pipeline(queue: Queue, ident: str) -> None:
    from rq.group import Group

    with queue.connection.pipeline() as pipe:
        Group.create(queue.connection, "group").enqueue_many(queue, two(ident), pipeline=pipe)
        pipe.execute()


@way("Repeat", needs="rq.repeat")
def repeat(queue: Queue, ident: str) -> None:
    from rq import Repeat

    queue.enqueue(jobs.other, job_id=ident, repeat=Repeat(times=2, interval=[1, 2]))


@way("@job of a queue, delay")
def job_of_a_queue(queue: Queue, ident: str) -> None:
    job(queue, connection=queue.connection)(jobs.other).delay(job_id=ident)


@way("@job with queue_class, enqueue", since=(2, 0))
def job_with_queue_class(queue: Queue, ident: str) -> None:
    job("default", connection=queue.connection, queue_class=type(queue))(jobs.other).enqueue(job_id=ident)


@way("@job by name, delay", is_missed=True)
def job_delay(queue: Queue, ident: str) -> None:
    job("default", connection=queue.connection)(jobs.other).delay(job_id=ident)


@way("@job by name, enqueue", since=(2, 0), is_missed=True)
def job_enqueue(queue: Queue, ident: str) -> None:
    job("default", connection=queue.connection)(jobs.other).enqueue(job_id=ident)


@way("Job.create", is_missed=True)
def create(queue: Queue, ident: str) -> None:
    Job.create(jobs.other, ("x",), connection=queue.connection, id=ident).save()


@way("Job.create and enqueue_job", is_missed=True)
def create_and_enqueue(queue: Queue, ident: str) -> None:
    queue.enqueue_job(Job.create(jobs.other, connection=queue.connection, id=ident))


@way("a job class of one's own", is_missed=True)
def own_class(queue: Queue, ident: str) -> None:
    type(queue)(connection=queue.connection, job_class=jobs.OwnJob).enqueue(jobs.other, job_id=ident)


@way("CronScheduler", needs="rq.cron", is_missed=True)
def cron_scheduler(queue: Queue, ident: str) -> None:
    from rq.cron import CronScheduler

    scheduler = CronScheduler(connection=queue.connection, logging_level="ERROR")
    scheduler.register(jobs.other, "default", interval=60, meta={"user": 1})
    scheduler.enqueue_jobs()


def scheduler_of(queue: Queue, **options: Any) -> Any:
    from rq_scheduler import Scheduler

    warnings.simplefilter("ignore")  # it calls what Python and crontab have deprecated
    return Scheduler(queue=queue, connection=queue.connection, **options)


@way("rq-scheduler enqueue_at", needs="rq_scheduler", is_missed=True)
def scheduler_at(queue: Queue, ident: str) -> None:
    scheduler_of(queue).enqueue_at(LATER, jobs.other, job_id=ident)


@way("rq-scheduler enqueue_in", needs="rq_scheduler", is_missed=True)
def scheduler_in(queue: Queue, ident: str) -> None:
    scheduler_of(queue).enqueue_in(timedelta(days=1), jobs.other, job_id=ident)


@way("rq-scheduler with a job class", needs="rq_scheduler")
def scheduler_with_a_job_class(queue: Queue, ident: str) -> None:
    scheduler_of(queue, job_class=queue.job_class).enqueue_at(LATER, jobs.other, job_id=ident)


@way("rq-scheduler schedule", needs="rq_scheduler", is_missed=True)
def scheduler_schedule(queue: Queue, ident: str) -> None:
    scheduler_of(queue).schedule(LATER, jobs.other, interval=60, repeat=2, id=ident)


@way("rq-scheduler schedule that is due", needs="rq_scheduler", is_missed=True)
def scheduler_due(queue: Queue, ident: str) -> None:
    scheduler = scheduler_of(queue)
    scheduler.schedule(datetime(2000, 1, 1, tzinfo=UTC), jobs.other, interval=60, id=ident)
    scheduler.enqueue_jobs()


@way("rq-scheduler cron", needs="rq_scheduler", is_missed=True)
def scheduler_cron(queue: Queue, ident: str) -> None:
    scheduler_of(queue).cron("0 0 1 1 *", jobs.other, id=ident)

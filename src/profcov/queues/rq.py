"""RQ: jobs created inside a unit carry its slug, and are units of their own in the worker.

Where RQ is hooked, and why there: see ``docs/explanation/rq.md``.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from rq import Queue, SimpleWorker, Worker, registry
from rq import worker as rq_worker
from rq.job import Job

from profcov.brief_lock import BriefLock
from profcov.queues import horse
from profcov.recording.appearance import appear
from profcov.recording.faults import log_once, raise_foreign
from profcov.recording.propagation import open_recorder
from profcov.recording.propagation.patches import INSTALLED, Patches
from profcov.recording.unit import note_enqueued, note_job_run
from profcov.recording.work import Work
from profcov.store.jobs import FAILED, FINISHED, REPEATED, RETRIED, STARTED, JobRun, may_run
from profcov.tracing import current_slug
from profcov.wire.carrier import JOB_META_KEY, from_job_meta, jobs_key, stamp
from profcov.wire.labels import name_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from rq.worker import SpawnWorker

    from profcov.recording.recorder import Recorder
    from profcov.recording.unit import Unit
    from profcov.settings import Settings
    from profcov.slug import Slug

    J = TypeVar("J", bound=Job)
else:
    SpawnWorker = getattr(rq_worker, "SpawnWorker", None)

_JOBS_EXPIRE_SECONDS: Final = 7 * 24 * 3600
_UNIT: Final = "_profcov_unit"
"""The attribute of a worker that holds the unit of the job that it performs."""
_RECORDER: Final = "_profcov_recorder"
"""The attribute of a worker that holds the recorder of the settings that it was started with."""

_STATUSES: Final = {
    "handle_job_success": FINISHED,
    "handle_job_failure": FAILED,
    "handle_job_retry": RETRIED,
}
"""RQ's methods that store the outcome of a job, and the outcome."""

_CALLBACKS: Final = {
    "execute_stopped_callback": "_stopped_callback_name",
    "execute_failure_callback": "_failure_callback_name",
}
"""RQ's functions that run callbacks, and the attribute of a job that is empty if it has no such callback."""

_lock = BriefLock()
_PATCHES: Final = Patches()


def install(settings: Settings | None = None) -> None:
    """Stamp every job that is created inside a unit, whatever queue or class makes it.

    It patches ``Job.create``, which every way to enqueue goes through, and ``Queue.run_sync``, which performs the jobs of a queue that is
    not asynchronous. It does nothing if profcov is off or if it is installed already.
    """
    with _lock.held():
        if not _PATCHES and open_recorder(settings).settings.enabled:
            _PATCHES.wrap(Job, "create", _create)
            _PATCHES.wrap(Queue, "run_sync", _run_sync)


def uninstall() -> None:
    """Put RQ's methods back as they were."""
    with _lock.held():
        _PATCHES.restore()


class TracedJob(Job):
    """A job class that stamps its jobs, for applications that want no patch: ``Queue(job_class=TracedJob)``."""

    @classmethod
    def create(cls, *args: Any, **kwargs: Any) -> Self:
        """Create a job; inside a unit it carries the unit's slug."""
        create: Callable[..., Self] = super().create  # type: ignore[assignment]  # RQ says that it makes a Job
        return create(*args, **kwargs) if _PATCHES else _create(create, *args, **kwargs)  # patched, it does so itself


class TracedQueue(Queue):
    """A queue whose jobs are stamped, for applications that want no patch."""

    job_class = TracedJob

    def run_sync(self, job: Job, *args: Any, **kwargs: Any) -> Any:
        """Perform a job here and now, and note its outcome."""
        with contextlib.nullcontext() if _PATCHES else _performed_here(job):
            return super().run_sync(job, *args, **kwargs)


def _create(create: Callable[..., J], *args: Any, **kwargs: Any) -> J:
    """Create a job with the current slug in its metadata, and list its id for commands that wait for the profile."""
    slug = current_slug()
    if slug is None:
        return create(*args, **kwargs)
    job = create(*args, **kwargs)
    job.meta = stamp(job.meta, slug)  # a copy: the dict may be the one that was given
    if getattr(job, "_id", job) is None:
        _list_when_saved(job, slug)
    else:
        _list(job, slug)
    return job


def _list_when_saved(job: Any, slug: Slug) -> None:
    """List a job that has no id yet: RQ makes the id on first access, and refuses ``unique=True`` as long as there is none."""

    def save(*args: Any, **kwargs: Any) -> Any:
        del job.save
        _list(job, slug)
        return job.save(*args, **kwargs)

    job.save = save


def _list(job: Job, slug: Slug) -> None:
    # It may be saved in another unit than it was created in.
    if from_job_meta(_meta_of(job)) == slug == current_slug():
        note_enqueued(str(job.id), _name_function(job), str(job.origin or ""))
    try:
        with job.connection.pipeline() as pipe:
            pipe.sadd(jobs_key(slug), job.id)
            pipe.expire(jobs_key(slug), _JOBS_EXPIRE_SECONDS)
            pipe.execute()
    except Exception as error:  # noqa: BLE001 (redis' errors; RQ meets the same ones a moment later, and says so)
        raise_foreign(error)  # a job's time limit, say
        log_once("jobs", "cannot list the jobs of a profile", error=error)


def _run_sync(original: Callable[..., Any], queue: Any, job: Job, /, *args: Any, **kwargs: Any) -> Any:
    with _performed_here(job):
        return original(queue, job, *args, **kwargs)


@contextlib.contextmanager
def _performed_here(job: Job) -> Iterator[None]:
    """Note the outcome of a job that is performed inside this block; its lines belong to the unit around it."""
    slug = current_slug()
    run = _run_of(job) if slug is not None and from_job_meta(_meta_of(job)) == slug else None
    try:
        yield
    finally:
        if run is not None:
            run.function = _name_function(job)
            note_job_run(run, FINISHED if job.get_status(refresh=False) == FINISHED else FAILED)


class CoverageWorkerMixin:
    """Make each job that carries a slug a unit of work: put this mixin before RQ's worker class."""

    def work(self, *args: Any, **kwargs: Any) -> bool:
        """Work off the queues, with the engine started once for all horses."""
        with _prepared(self):
            has_worked: bool = super().work(*args, **kwargs)  # type: ignore[misc]
            return has_worked

    def fork_work_horse(self, *args: Any, **kwargs: Any) -> Any:
        """Start a work horse, with a pipe from it."""
        with horse.connected(self), _spawning(self):
            return super().fork_work_horse(*args, **kwargs)  # type: ignore[misc]

    def kill_horse(self, *args: Any, **kwargs: Any) -> Any:
        """Kill the work horse, after it has had time to write."""
        horse.let_write(self)
        return super().kill_horse(*args, **kwargs)  # type: ignore[misc]

    def perform_job(self, job: Job, *args: Any, **kwargs: Any) -> Any:
        """Perform a job as a unit of work."""
        return _perform(super().perform_job, self, job, *args, **kwargs)  # type: ignore[misc]

    def handle_job_success(self, *args: Any, **kwargs: Any) -> Any:
        """Store that a job has finished, after what it ran is on disk."""
        with _storing(self, FINISHED, *args, **kwargs):
            return super().handle_job_success(*args, **kwargs)  # type: ignore[misc]

    def handle_job_failure(self, *args: Any, **kwargs: Any) -> Any:
        """Store that a job has failed, after what it ran is on disk."""
        with _storing(self, FAILED, *args, **kwargs):
            return super().handle_job_failure(*args, **kwargs)  # type: ignore[misc]

    def handle_job_retry(self, *args: Any, **kwargs: Any) -> Any:
        """Enqueue a job again, after what it ran is on disk."""
        with _storing(self, RETRIED, *args, **kwargs):
            return super().handle_job_retry(*args, **kwargs)  # type: ignore[misc]


class CoverageWorker(CoverageWorkerMixin, Worker):
    """RQ's worker, measuring: ``rq worker -w profcov.queues.rq.CoverageWorker``."""


class CoverageSimpleWorker(CoverageWorkerMixin, SimpleWorker):
    """RQ's worker that performs jobs in its own process, measuring."""


if SpawnWorker is not None:

    class CoverageSpawnWorker(CoverageWorkerMixin, SpawnWorker):
        """RQ's worker that starts a new interpreter for each job, measuring; it came with RQ 2.2."""


def install_workers() -> None:
    """Let RQ's own worker classes, and all that derive from them, measure; do nothing if profcov is off.

    For zero code; your own code uses :class:`CoverageWorker`. ``profcov.recording.propagation.uninstall`` undoes it.
    """
    if not open_recorder().settings.enabled:
        return
    for cls in {base for each in (Worker, SimpleWorker) for base in each.__mro__ if base is not object}:
        INSTALLED.wrap_once(cls, "work", _work)
        INSTALLED.wrap_once(cls, "fork_work_horse", _fork)
        INSTALLED.wrap_once(cls, "kill_horse", _kill)
        INSTALLED.wrap_once(
            cls,
            "perform_job",
            lambda original, worker, *args, **kwargs: _perform(
                functools.partial(original, worker), worker, *args, **kwargs
            ),
        )
        for name, status in _STATUSES.items():
            INSTALLED.wrap_once(cls, name, functools.partial(_write_before, status))


def _spawning(worker: Any) -> AbstractContextManager[None]:
    is_spawning = SpawnWorker is not None and isinstance(worker, SpawnWorker)
    return horse.spawning_measured(worker) if is_spawning else contextlib.nullcontext()


@contextlib.contextmanager
def _prepared(worker: Any) -> Iterator[None]:
    """Do once in the parent what each horse would have to do; close what is left of the pipe to the last horse.

    Hook the callbacks that run in the parent itself.
    """
    recorder = open_recorder()
    setattr(worker, _RECORDER, recorder)  # a horse need not read the settings again
    appear(recorder.settings)
    recorder.warm_up()
    install()
    if recorder.settings.enabled:
        # Methods of Job's; since RQ 3.0 functions, in each module that uses them.
        for owner in (Job, registry, sys.modules[Worker.__module__]):
            for name, attribute in _CALLBACKS.items():
                INSTALLED.wrap_once(owner, name, functools.partial(_call_back, attribute))
    try:
        yield
    finally:
        horse.let_go(worker)


def _call_back(attribute: str, original: Callable[..., Any], job: Job, *args: Any, **kwargs: Any) -> Any:
    """Run a job's callback; as a unit of its own if the job's unit is not around it.

    That happens in the worker itself, for a job that was stopped or abandoned, before RQ stores the job's status.
    """
    slug = from_job_meta(_meta_of(job))
    if slug is None or current_slug() is not None or not getattr(job, attribute, True):
        return original(job, *args, **kwargs)
    run = _run_of(job)
    unit = open_recorder().begin(slug, _work_of(run, is_attempt=False))
    if not unit.traced:
        return original(job, *args, **kwargs)
    try:
        with unit.step():
            run.function = _name_function(job)
            return original(job, *args, **kwargs)
    finally:
        unit.end()


def _work(original: Callable[..., Any], worker: Any, *args: Any, **kwargs: Any) -> Any:
    with _prepared(worker):
        return original(worker, *args, **kwargs)


def _fork(original: Callable[..., Any], worker: Any, *args: Any, **kwargs: Any) -> Any:
    with horse.connected(worker):
        return original(worker, *args, **kwargs)


def _kill(original: Callable[..., Any], worker: Any, *args: Any, **kwargs: Any) -> Any:
    horse.let_write(worker)
    return original(worker, *args, **kwargs)


def _write_before(status: str, original: Callable[..., Any], worker: Any, *args: Any, **kwargs: Any) -> Any:
    with _storing(worker, status, *args, **kwargs):
        return original(worker, *args, **kwargs)


def _perform(perform: Callable[..., Any], worker: Any, job: Job, *args: Any, **kwargs: Any) -> Any:
    """Perform a job; the unit is around RQ's time limit, which thus cannot interrupt the writing."""
    slug = from_job_meta(_meta_of(job))
    if slug is None or getattr(worker, _UNIT, None) is not None:  # begun already: a mixin above a class that is hooked
        return perform(job, *args, **kwargs)
    install()
    run = _run_of(job)
    recorder: Recorder = getattr(worker, _RECORDER, None) or open_recorder()
    recorder.warm_up()  # in a horse that was spawned: it may have a second to write, when its job is stopped
    unit = recorder.begin(slug, _work_of(run, is_attempt=True))
    if not unit.traced:
        log_once("job-refused", "jobs of %.120r are not measured: %s", slug, unit.status)
        return perform(job, *args, **kwargs)
    setattr(worker, _UNIT, unit)
    try:
        with horse.attentive(worker), unit.step():
            run.function = _name_function(job)  # what runs when the arguments are unpickled belongs to the job
            return perform(job, *args, **kwargs)
    finally:
        setattr(worker, _UNIT, None)
        if run.status == STARTED:  # RQ stored no outcome
            unit.end_job(FAILED)
        unit.end()


def _name_function(job: Job) -> str:
    """Return the dotted name of a job's function; RQ raises an error if it is invalid."""
    try:
        return str(job.func_name)
    except Exception as error:  # noqa: BLE001 (what a serializer gives may be anything)
        raise_foreign(error)
        return ""


def _run_of(job: Job) -> JobRun:
    """Return an attempt at a job; its function is not known before RQ's data is unpickled, in the unit."""
    return JobRun(str(job.id), None, str(job.origin or ""))


def _work_of(run: JobRun, *, is_attempt: bool) -> Work:
    def name() -> str | None:
        return None if run.function is None else name_job(run.function)

    return Work(name, lambda: run.id, job=run if is_attempt else None, is_labelled=True)


@contextlib.contextmanager
def _storing(worker: Any, status: str, *args: Any, **kwargs: Any) -> Iterator[None]:
    """Write what the job ran and its outcome, before RQ stores the outcome inside this block.

    Put the slug back if the job replaced its metadata, because a retry persists that. RQ decides in the block whether the job runs again.
    """
    unit: Unit | None = getattr(worker, _UNIT, None)
    job = args[0] if args else kwargs.get("job")
    if unit is None or not isinstance(job, Job):
        yield
        return
    unit.end_job(status)
    unit.flush()
    if isinstance(job.meta, dict):
        job.meta = stamp(job.meta, unit.book.slug)
    repeats = status == FINISHED and getattr(job, "repeats_left", None)
    yield
    stored = job.get_status(refresh=False)
    if stored == FAILED:
        unit.end_job(FAILED)
    elif repeats:
        unit.end_job(REPEATED)
    elif stored not in {None, STARTED} and may_run(stored):  # started: RQ deletes it, and stores nothing
        unit.end_job(RETRIED)


def _meta_of(job: Job) -> dict[str, Any]:
    """Return a job's metadata; a third-party serializer may return anything."""
    meta: Any = job.meta
    return meta if isinstance(meta, dict) else {}


__all__ = [
    "JOB_META_KEY",
    "CoverageSimpleWorker",
    "CoverageWorker",
    "CoverageWorkerMixin",
    "TracedJob",
    "TracedQueue",
    "install",
    "install_workers",
    "uninstall",
]

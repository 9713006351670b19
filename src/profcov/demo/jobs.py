"""The jobs that RQ workers run, one for each long step; arguments are ids and plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rq import Queue, get_current_job

from profcov.demo import steps
from profcov.demo.runs import QUEUE, Runs
from profcov.demo.watershed.delineate import Delineation
from profcov.demo.watershed.disturbed import Fire

if TYPE_CHECKING:
    from redis import Redis

    from profcov.demo.watershed.grid import Cell

KEEP_SECONDS = 3600
"""How long RQ keeps what a job returned, and its status."""


def connection() -> Redis:
    """Return the Redis connection of the job that runs."""
    job = get_current_job()
    if job is None or job.connection is None:
        raise RuntimeError("this is a job: enqueue it, do not call it")
    return job.connection


def delineate_run(run_id: str, options: dict[str, Any]) -> dict[str, int]:
    """Delineate the watershed of a run."""
    return steps.run_delineation(Runs(connection()), run_id, Delineation(**options))


def stochastic_climate(run_id: str, years: int, seed: int) -> dict[str, Any]:
    """Generate the weather of a run."""
    return steps.run_stochastic(Runs(connection()), run_id, years, seed)


def daymet_climate(run_id: str, source: str) -> dict[str, Any]:
    """Take the weather of a run from observed days."""
    return steps.run_daymet(Runs(connection()), run_id, source)


def storm_climate(run_id: str, depth_mm: float, duration_h: float) -> dict[str, Any]:
    """Give a run one storm."""
    return steps.run_storm(Runs(connection()), run_id, depth_mm, duration_h)


def map_soils(run_id: str) -> dict[str, int]:
    """Map the soils of a run."""
    return steps.run_soils(Runs(connection()), run_id, None)


def map_burned_soils(run_id: str, start: Cell, radius_m: float) -> dict[str, int]:
    """Map the soils of a run after a fire."""
    return steps.run_soils(Runs(connection()), run_id, Fire(start, radius_m))


def map_landuse(run_id: str, practice: str) -> dict[str, int]:
    """Map the land use of a run."""
    return steps.run_landuse(Runs(connection()), run_id, practice)


def erode_run(run_id: str, summary_job_id: str) -> int:
    """Enqueue a job for each hillslope of a run, and the one that sums them up when all are done; return how many."""
    redis = connection()
    queue = Queue(QUEUE, connection=redis)
    numbers = steps.start_erosion(Runs(redis), run_id)
    jobs = [queue.enqueue(erode_hillslope, run_id, number, result_ttl=KEEP_SECONDS) for number in numbers]
    queue.enqueue(summarise_run, run_id, job_id=summary_job_id, depends_on=jobs, result_ttl=KEEP_SECONDS)
    return len(jobs)


def erode_hillslope(run_id: str, number: int) -> int:
    """Erode one hillslope of a run."""
    return steps.run_hillslope(Runs(connection()), run_id, number)


def summarise_run(run_id: str) -> float:
    """Sum up the losses of a run; return what reaches its channels, in t."""
    delivered: float = steps.run_summary(Runs(connection()), run_id)["delivered_t"]
    return delivered

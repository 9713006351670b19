"""The routes of the JSON API: runs, their steps, and the jobs that do the long ones."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final, cast

from flask import Blueprint, abort, current_app, jsonify, request
from rq.exceptions import NoSuchJobError
from rq.job import Job

from profcov.demo import jobs, steps
from profcov.demo.options import Options
from profcov.demo.watershed import climate, delineate, landuse
from profcov.demo.watershed.errors import ModelError
from profcov.demo.watershed.grid import read_grid

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue
    from rq import Queue

    from profcov.demo.runs import Runs

RUNS_KEY: Final = "profcov-demo-runs"
QUEUE_KEY: Final = "profcov-demo-queue"

routes = Blueprint("api", __name__, url_prefix="/api")


def stored_runs() -> Runs:
    """Return the application's runs."""
    return cast("Runs", current_app.extensions[RUNS_KEY])


@routes.post("/runs")
def create_run() -> ResponseReturnValue:
    """Make a run from its name."""
    name = _options("name").text("name")
    run_id = stored_runs().create(name)
    return jsonify(stored_runs().describe(run_id)), 201


@routes.get("/runs/<run_id>")
def show_run(run_id: str) -> ResponseReturnValue:
    """Show what a run has so far."""
    return jsonify(stored_runs().describe(run_id))


@routes.delete("/runs/<run_id>")
def delete_run(run_id: str) -> ResponseReturnValue:
    """Delete a run."""
    stored_runs().delete(run_id)
    return "", 204


@routes.post("/runs/<run_id>/dem")
def upload_dem(run_id: str) -> ResponseReturnValue:
    """Store an uploaded grid of elevations."""
    stored_runs().get(run_id)
    return jsonify(steps.store_dem(stored_runs(), run_id, _upload("dem"), request.form.get("units", "m")))


@routes.post("/runs/<run_id>/observations")
def upload_observations(run_id: str) -> ResponseReturnValue:
    """Store uploaded weather."""
    stored_runs().get(run_id)
    return jsonify(steps.store_observations(stored_runs(), run_id, _upload("days")))


@routes.post("/runs/<run_id>/delineate")
def start_delineation(run_id: str) -> ResponseReturnValue:
    """Enqueue the delineation of the watershed."""
    stored_runs().get(run_id, "dem")
    options = _options("method", "area_ha", "outlet", "min_length_m", "snap_m")
    wanted = {
        "method": options.choice("method", delineate.METHODS, "topaz"),
        "area_ha": options.number("area_ha", 4, 0.01, 10_000),
        "outlet": options.cell("outlet"),
        "min_length_m": options.number("min_length_m", 90, 0, 10_000),
        "snap_m": options.number("snap_m", 120, 0, 10_000),
    }
    return _accepted(_enqueue(jobs.delineate_run, run_id, wanted))


@routes.post("/runs/<run_id>/climate")
def start_climate(run_id: str) -> ResponseReturnValue:
    """Enqueue the weather, by one of three methods."""
    stored_runs().get(run_id)
    options = _options("method", "years", "seed", "source", "depth_mm", "duration_h")
    method = options.choice("method", climate.METHODS, "stochastic")
    if method == "stochastic":
        years, seed = options.whole("years", 10, 1, 100), options.whole("seed", 1, 0, 2**31)
        return _accepted(_enqueue(jobs.stochastic_climate, run_id, years, seed))
    if method == "daymet":
        source = options.choice("source", ("bundled", "uploaded"), "bundled")
        return _accepted(_enqueue(jobs.daymet_climate, run_id, source))
    depth, duration = options.number("depth_mm", 60, 1, 1000), options.number("duration_h", 24, 0.5, 72)
    return _accepted(_enqueue(jobs.storm_climate, run_id, depth, duration))


@routes.post("/runs/<run_id>/soils")
def start_soils(run_id: str) -> ResponseReturnValue:
    """Enqueue the soils, burned or not."""
    stored_runs().get(run_id, "dem", "watershed")
    return _accepted(_enqueue_soils(run_id, _options("fire")))


@routes.post("/runs/<run_id>/landuse")
def map_landuse(run_id: str) -> ResponseReturnValue:
    """Map the land use at once: it is quick."""
    practice = _options("practice").choice("practice", landuse.PRACTICES, "none")
    return jsonify(steps.run_landuse(stored_runs(), run_id, practice))


@routes.post("/runs/<run_id>/erosion")
def start_erosion(run_id: str) -> ResponseReturnValue:
    """Enqueue the erosion model; its job enqueues the others and, last, the one with ``summary_job_id``."""
    stored_runs().get(run_id, "dem", "watershed", "climate", "soils", "landuse")
    summary_job_id = uuid.uuid4().hex
    job = _enqueue(jobs.erode_run, run_id, summary_job_id)
    return _accepted(job, summary_job_id=summary_job_id)


@routes.post("/runs/<run_id>/model")
def start_model(run_id: str) -> ResponseReturnValue:
    """Enqueue soils, land use and erosion, each after the one before."""
    stored_runs().get(run_id, "dem", "watershed", "climate")
    options = _options("fire", "practice")
    practice = options.choice("practice", landuse.PRACTICES, "none")
    summary_job_id = uuid.uuid4().hex
    soils = _enqueue_soils(run_id, options)
    uses = _enqueue(jobs.map_landuse, run_id, practice, after=soils)
    erosion = _enqueue(jobs.erode_run, run_id, summary_job_id, after=uses)
    return _accepted(erosion, summary_job_id=summary_job_id, before=[soils.id, uses.id])


@routes.get("/jobs/<job_id>")
def show_job(job_id: str) -> ResponseReturnValue:
    """Show a job's status, and the last line of its traceback if it failed.

    A client asks until the job is done, so often enough to meet any status: no statement here depends on it, or which lines a
    profile runs would depend on how fast the workers were.
    """
    try:
        job = Job.fetch(job_id, connection=_queue().connection)
    except (NoSuchJobError, ValueError):
        abort(404, f"there is no job {job_id[:40]!r}")
    result = job.latest_result()
    error = (getattr(result, "exc_string", None) or "").strip().rpartition("\n")[2]
    return jsonify(id=job.id, status=job.get_status(refresh=False), error=error)


def _queue() -> Queue:
    return cast("Queue", current_app.extensions[QUEUE_KEY])


def _enqueue(function: Callable[..., Any], *args: Any, after: Job | None = None) -> Job:
    return _queue().enqueue(function, *args, depends_on=after, result_ttl=jobs.KEEP_SECONDS)


def _enqueue_soils(run_id: str, options: Options) -> Job:
    fire = options.part("fire", ("start", "radius_m"))
    if fire is None:
        return _enqueue(jobs.map_soils, run_id)
    start, radius = fire.cell("start"), fire.number("radius_m", 240, 1, 100_000)
    grid = read_grid(stored_runs().get(run_id, "dem")[0])
    if start is None or start not in grid:
        raise ModelError("fire: start must be a [row, column] of the grid where it has data")
    return _enqueue(jobs.map_burned_soils, run_id, start, radius)


def _accepted(job: Job, **more: Any) -> ResponseReturnValue:
    return jsonify(job_id=job.id, **more), 202


def _options(*known: str) -> Options:
    """Return the options in the request's body, which may be left out."""
    return Options(request.get_json() if request.get_data(cache=True) else {}, known=known)


def _upload(name: str) -> str:
    """Return the text of an uploaded file."""
    file = request.files.get(name)
    if file is None:
        raise ModelError(f"{name}: expected a file in a multipart form, in a field of that name")
    try:
        return str(file.read(), "utf-8")
    except UnicodeDecodeError:
        raise ModelError(f"{name}: the file is not text in UTF-8") from None

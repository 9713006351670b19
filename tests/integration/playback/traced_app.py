"""A Flask application with profcov, for gunicorn to serve."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, abort
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.registry import FinishedJobRegistry
from traced_jobs import green, start_green, stay

from profcov import current_slug
from profcov.queues.rq import install
from profcov.web.flask import ProfileTrace

if TYPE_CHECKING:
    from typing import NoReturn

app = Flask(__name__)
asked: Counter[str] = Counter()
ProfileTrace(app)
install()


def connect() -> Redis:
    return Redis.from_url(os.environ["REDIS_URL"])


@app.get("/red")
def red() -> dict[str, Any]:
    return {"colour": "red", "pid": os.getpid()}


@app.get("/blue")
def blue() -> dict[str, Any]:
    return {"colour": "blue", "pid": os.getpid()}


@app.get("/flaky/<name>/<int:times>")
def flaky(name: str, times: int) -> tuple[dict[str, Any], int]:
    """Fail so many times before it goes well."""
    asked[name] += 1
    if asked[name] <= times:
        return {"colour": "red"}, 409
    return {"colour": "blue"}, 200


@app.get("/asked/<name>")
def count_asked(name: str) -> dict[str, int]:
    """Return how often this was asked, by requests that are traced and by others."""
    asked[f"{name} {'traced' if current_slug() else 'untraced'}"] += 1
    return {kind: asked[f"{name} {kind}"] for kind in ("traced", "untraced")}


@app.get("/slow-if-traced")
def slow_if_traced() -> str:
    """Do ten times the work where it is traced, whatever the tracer costs: it sees one line."""
    hashlib.pbkdf2_hmac("sha256", b"", b"", 300_000 if current_slug() else 30_000)
    return "done"


@app.get("/broken")
def broken() -> NoReturn:
    abort(409, "no such luck")


@app.post("/jobs")
def jobs() -> tuple[dict[str, Any], int]:
    return {"id": Queue(connection=connect()).enqueue(start_green).id}, 202


@app.post("/work")
def work() -> tuple[dict[str, Any], int]:
    """Start a job that starts another, and name it as many applications do."""
    return {"job_id": Queue(connection=connect()).enqueue(start_green).id}, 202


@app.get("/work/done")
def work_done() -> dict[str, Any]:
    """Say how many jobs have ended; it is a conflict to ask before one has."""
    count = FinishedJobRegistry(queue=Queue(connection=connect())).count
    if not count:
        abort(409, "no job has ended")
    return {"ended": count}


@app.post("/jobs/stay")
def jobs_stay() -> dict[str, Any]:
    return {"id": Queue(connection=connect()).enqueue(stay).id}


@app.get("/jobs/<job_id>")
def job_status(job_id: str) -> dict[str, Any]:
    return {"status": Job.fetch(job_id, connection=connect()).get_status()}


@app.post("/jobs/later")
def jobs_later() -> Response:
    """Answer, and enqueue a job only after the playback has looked for jobs and found none."""
    redis = connect()
    before = count_looks(redis)

    def enqueue() -> None:
        while count_looks(redis) < before + 3:
            pass
        Queue(connection=redis).enqueue(green)

    response = Response("later")
    response.call_on_close(enqueue)
    return response


def count_looks(redis: Redis) -> int:
    """Return how often anybody has read a set."""
    return int(redis.info("commandstats").get("cmdstat_smembers", {"calls": 0})["calls"])

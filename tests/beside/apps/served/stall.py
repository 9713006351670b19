"""A Flask application for gevent: greenlets of each kind, threads, a child, calls to another server, streams, errors.

What a request runs depends on the request alone. What ``nobody_`` begins is never asked for by a profile.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import flask
import gevent
import gevent.local
import gevent.pool
import native
import requests
import sentry_sdk

if TYPE_CHECKING:
    from collections.abc import Iterator

CALLED = os.environ["CALLED"]
app = flask.Flask(__name__)
here = gevent.local.local()
executor = ThreadPoolExecutor(2)


def nobody_ticks() -> None:
    while True:
        shared("tick")
        gevent.sleep(0.002)


if "ALONE" not in os.environ:
    gevent.spawn(nobody_ticks)


@app.before_request
def name_it() -> None:
    here.name = (flask.request.view_args or {}).get("name", "")
    time.sleep(0)


@app.after_request
def sign(response: flask.Response) -> flask.Response:
    response.headers["X-Stall"] = shared(here.name)
    return response


@app.teardown_request
def tidy(error: BaseException | None) -> None:
    if error is not None:
        here.failed = True
    gevent.sleep(0)


def shared(name: str) -> str:
    if name.startswith("ap"):
        return f"{name} (red)"
    if name.startswith("pe"):
        return f"{name} (green)"
    return name


@app.get("/stalls/<name>/greenlets")
def greenlets(name: str) -> dict[str, Any]:
    group = gevent.pool.Group()
    mapped = group.map(in_group, [name, name[::-1]])
    spawned = gevent.spawn(in_greenlet, name)
    later = gevent.spawn_later(0.001, in_later, name)
    raw: list[str] = []
    gevent.spawn_raw(in_raw, name, raw)
    wait_for([spawned, later])
    return {"told": [*mapped, spawned.value, later.value, *raw], "here": here.name}


def wait_for(jobs: list[gevent.Greenlet]) -> None:
    """Wait in a function of its own: ``joinall`` is C, and coverage.py alone loses the line after a switch inside of C."""
    gevent.joinall(jobs, raise_error=True)


def in_group(name: str) -> str:
    gevent.sleep(0.001)
    return name.upper()


def in_greenlet(name: str) -> str:
    for _ in name:
        gevent.sleep(0)
    return f"greenlet of {name}"


def in_later(name: str) -> str:
    return f"later, {name}"


def in_raw(name: str, told: list[str]) -> None:
    told.append(f"raw {name}")


@app.get("/stalls/<name>/threads")
def threads(name: str) -> dict[str, Any]:
    told: list[str] = []
    thread = threading.Thread(target=in_thread, args=(name, told))
    thread.start()
    thread.join()
    told.append(gevent.get_hub().threadpool.apply(native.sort, (name,)))
    told.append(executor.submit(in_executor, name).result())
    return {"told": told}


def in_thread(name: str, told: list[str]) -> None:
    time.sleep(0.001)
    told.append(f"thread of {shared(name)}")


def in_executor(name: str) -> str:
    return f"executor of {name}"


@app.get("/stalls/<name>/calls")
def calls(name: str) -> dict[str, Any]:
    with requests.Session() as session:
        jobs = [gevent.spawn(call, session, f"{CALLED}/{name}/{number}") for number in range(2)]
        wait_for(jobs)
    return {"lengths": [job.value for job in jobs]}


def call(session: requests.Session, url: str) -> int:
    answer = session.get(url, timeout=60)
    return len(answer.content)


@app.get("/stalls/<name>/child")
def child(name: str) -> dict[str, Any]:
    done = subprocess.run(["echo", name], capture_output=True, text=True, check=True)
    return {"echo": done.stdout.strip()}


@app.get("/stalls/<name>/stream")
def stream(name: str) -> flask.Response:
    return flask.Response(flask.stream_with_context(rows(name)), mimetype="text/plain")


def rows(name: str) -> Iterator[str]:
    for number in range(5):
        time.sleep(0.001)
        yield f"{shared(name)} {number}\n"
    yield f"of {flask.request.path}\n"


@app.get("/stalls/<name>/told")
def tell(name: str) -> dict[str, Any]:
    sentry_sdk.capture_message(f"told of {name}")
    thread = threading.Thread(target=tell_in_thread, args=(name,))
    thread.start()
    thread.join()
    return {"told": name}


def tell_in_thread(name: str) -> None:
    sentry_sdk.capture_message(f"told of {name} in a thread")


@app.get("/stalls/<name>/fails")
def fail(name: str) -> dict[str, Any]:
    gevent.sleep(0)
    return {"length": 1 / shared(name).count("no such text")}


@app.get("/stalls/<name>/nobody")
def nobody_asks(name: str) -> dict[str, Any]:
    gevent.sleep(0)
    return {"told": shared(name)}

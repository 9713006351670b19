"""``program.py TOOL before|after``: requests of two profiles and untraced ones, at once, beside another tool.

The tool is set up before profcov's middleware is made, or after it. What came of it is printed as JSON.
"""

from __future__ import annotations

import sys

if sys.argv[1] == "gevent":  # which must be the first thing that a program does
    import gevent.monkey

    gevent.monkey.patch_all()

import _thread
import asyncio
import json
import multiprocessing
import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import collector
import observers

TOOL = observers.find(sys.argv[1])
ORDER = sys.argv[2]
if ORDER == "before":
    TOOL.set_up()

import fastapi  # noqa: E402
import flask  # noqa: E402
import httpx  # noqa: E402
import requests  # noqa: E402
import seen  # noqa: E402
import urllib3  # noqa: E402
import work  # noqa: E402

from profcov.web.asgi import ProfileTraceMiddleware  # noqa: E402
from profcov.web.flask import ProfileTrace  # noqa: E402

LONG = 30
shared_pool = ThreadPoolExecutor(2)
flask_app = flask.Flask(__name__)
asgi_app = fastapi.FastAPI()
if ORDER == "before":
    TOOL.set_up_apps(flask_app, asgi_app)
ProfileTrace(flask_app)
traced_asgi_app = ProfileTraceMiddleware(asgi_app)
if ORDER == "after":
    TOOL.set_up()
    TOOL.set_up_apps(flask_app, asgi_app)


@flask_app.get("/<kind>")
def page(kind: str) -> str:
    """Do something in each way there is to hand work on, and tell what came of it."""
    told = [function_of(kind, "request")()]
    TOOL.in_request()
    for make in (threading.Thread, lambda target: threading.Timer(0.001, target)):
        name = "thread" if make is threading.Thread else "timer"
        thread = make(target=lambda name=name: told.append(function_of(kind, name)()))
        thread.start()
        thread.join(LONG)
    done = threading.Event()

    def in_bare_thread() -> None:
        told.append(function_of(kind, "bare_thread")())
        done.set()

    _thread.start_new_thread(in_bare_thread, ())
    assert done.wait(LONG)
    told.append(shared_pool.submit(function_of(kind, "pool")).result(LONG))
    process = multiprocessing.get_context("fork").Process(target=function_of(kind, "process"))
    process.start()
    process.join(LONG)
    told.append(str(process.exitcode))
    # In a thread, as the tools carry their own contexts there, too.
    calls = shared_pool.submit(call_out, kind)
    return " ".join([*told, *calls.result(LONG)])


def call_out(kind: str) -> list[str]:
    """Call another server, with each library."""
    return [
        insist(lambda: requests.get(f"{collector.CALLED}/{kind}/requests", timeout=LONG).text),
        insist(lambda: str(urllib3.PoolManager().request("GET", f"{collector.CALLED}/{kind}/urllib3").data, "ascii")),
        insist(lambda: httpx.get(f"{collector.CALLED}/{kind}/httpx").text),
    ]


def insist(call: Any) -> str:
    """Call again where the connection was reset: forked, gevent's loop goes on in the child, and may accept there.

    The server that is called is in this process, and a child takes what it has accepted to its end.
    """
    while True:
        try:
            return str(call())
        except (OSError, urllib3.exceptions.HTTPError, httpx.HTTPError):
            if sys.argv[1] != "gevent":
                raise


@asgi_app.get("/{kind}")
async def async_page(kind: str) -> str:
    """Do something in a task and in a thread, and call another server."""
    told = [function_of(kind, "request")()]
    TOOL.in_request()

    async def task() -> None:
        await asyncio.sleep(0)
        told.append(function_of(kind, "task")())
        async with httpx.AsyncClient() as client:
            told.append((await client.get(f"{collector.CALLED}/{kind}/httpx_async")).text)

    await asyncio.create_task(task())
    told.append(await asyncio.to_thread(function_of(kind, "pool")))
    return " ".join(told)


def function_of(kind: str, way: str) -> Any:
    """Return the function of a profile for a way to hand work on; what is asked for without a slug is nobody's."""
    return getattr(work, f"{'one' if kind == 'untraced' else kind}_in_{way}")


def headers_for(kind: str) -> dict[str, str]:
    return {} if kind == "untraced" else {"X-Profile-Trace": kind}


def ask_flask(kind: str) -> list[Any]:
    """Ask for a page, and return its status, its text, and whether it was traced."""
    answer = flask_app.test_client().get(f"/{kind}", headers=headers_for(kind))
    return [answer.status_code, answer.text, answer.headers.get("X-Profile-Trace-Status")]


async def ask_fastapi(kinds: list[str]) -> list[Any]:
    """Ask for pages, all at once."""
    transport = httpx.ASGITransport(traced_asgi_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
        answers = await asyncio.gather(*(client.get(f"/{kind}", headers=headers_for(kind)) for kind in kinds))
    return [[answer.status_code, answer.text, answer.headers.get("X-Profile-Trace-Status")] for answer in answers]


def combine() -> list[list[str]]:
    """Combine both profiles while this process lives, and whatever threads a tool has started in requests."""
    words = [sys.executable, "-m", "profcov", "combine", "one", "two", "--timeout", "10"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return [line.split("\t")[:4] for line in done.stdout.splitlines()] + ([[done.stderr]] if done.stderr else [])


def main() -> None:
    """Ask for everything, and print what came of it."""
    kinds = ["untraced", "one", "two"]
    answers: dict[str, list[Any]] = {}

    def ask(kind: str) -> None:
        answers[kind] = ask_flask(kind)

    clients = [threading.Thread(target=ask, args=(kind,)) for kind in kinds]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    asynchronous = asyncio.run(ask_fastapi(kinds))
    calls = sorted([path, slug] for path, slug in collector.seen if path.startswith(("/one/", "/two/", "/untraced/")))
    told = TOOL.told()
    data = Path(os.environ["PROFILE_COVERAGE_DIR"])
    ran = {slug: sorted(seen.in_shards(data, slug)) for slug in ("one", "two")}
    print(
        json.dumps(
            {
                "flask": [answers.get(kind) for kind in kinds],
                "fastapi": asynchronous,
                "ran": ran,
                "calls": calls,
                "tool": told,
                "combined": combine(),
                "carried to others": sorted({slug for path, slug in collector.seen if slug and path.count("/") > 2}),
            }
        )
    )


if __name__ == "__main__":
    main()

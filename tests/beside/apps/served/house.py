"""What the application of ``lamps.py`` does beside asking its database: threads, tasks, calls to another server, errors.

As there, what a request runs depends on the request alone. What ``nobody_`` begins is never asked for by a profile.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import requests
import sentry_sdk
from fastapi import BackgroundTasks  # noqa: TC002 (FastAPI looks at it)
from lamps import InSession, app, count_letters, lifespan
from sqlalchemy import literal, select

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from fastapi import FastAPI, Request, Response

CALLED = os.environ["CALLED"]
room = contextvars.ContextVar("room", default="no room")
pool = ThreadPoolExecutor(2)


@contextlib.asynccontextmanager
async def blinking(app: FastAPI) -> AsyncIterator[None]:
    """Have a task and a thread at work all the time, for no request, unless this is the oracle."""
    over = threading.Event()
    async with lifespan(app):
        if "ALONE" not in os.environ:
            threading.Thread(target=nobody_ticks, args=(over,)).start()
            blink = asyncio.create_task(nobody_blinks())
        yield
        over.set()
        if "ALONE" not in os.environ:
            blink.cancel()


def nobody_ticks(over: threading.Event) -> None:
    while not over.wait(0.002):
        shared(str(over))


async def nobody_blinks() -> None:
    while True:
        shared("blink")
        await count_letters("blink")
        await asyncio.sleep(0.002)


app.router.lifespan_context = blinking


@app.middleware("http")
async def sign(request: Request, call_next: Callable[..., Any]) -> Response:
    name = request.url.path.split("/")[2]
    token = room.set(name)
    try:
        response: Response = await call_next(request)
    finally:
        room.reset(token)
    response.headers["X-Room"] = shared(name)
    return response


def shared(name: str) -> str:
    if name.startswith("kit"):
        return f"{name} (with a stove)"
    if name.startswith("cel"):
        return f"{name} (with wine)"
    return name


@app.get("/rooms/{name}/calls")
async def calls(name: str, session: InSession, background: BackgroundTasks) -> dict[str, Any]:
    async with httpx.AsyncClient() as client:
        lengths = await asyncio.gather(*(call(client, f"{CALLED}/{name}/{number}") for number in range(3)))
    told = str(await session.scalar(select(literal(name))))
    background.add_task(call_later, told)
    return {"told": told, "lengths": lengths}


async def call(client: httpx.AsyncClient, url: str) -> int:
    answer = await client.get(url)
    async with asyncio.timeout(60):
        await count_letters(url)
    return len(answer.content)


def call_later(name: str) -> None:
    answer = requests.get(f"{CALLED}/{name}/later", timeout=60)
    answer.raise_for_status()


@app.get("/rooms/{name}/threads")
def threads(name: str) -> dict[str, Any]:
    told: list[str] = []
    thread = threading.Thread(target=in_thread, args=(name, told))
    thread.start()
    thread.join()
    timer = threading.Timer(0.001, in_timer, args=(name, told))
    timer.start()
    timer.join()
    told += pool.map(in_pool, [name, name[::-1]])
    with httpx.Client() as client:
        told.append(client.get(f"{CALLED}/{name}/threads").text)
    return {"told": told, "room": room.get()}


def in_thread(name: str, told: list[str]) -> None:
    with contextlib.suppress(LookupError):
        told.append(f"thread of {shared(name)}")
        raise LookupError(name)


def in_timer(name: str, told: list[str]) -> None:
    told.append(f"timer of {name}")


def in_pool(name: str) -> str:
    letters = [letter.upper() for letter in name]
    return "".join(letters)


@app.get("/rooms/{name}/tasks")
async def tasks(name: str) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str] = loop.create_future()
    loop.call_later(0.001, in_callback, done, name)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(in_task(name))
        second = group.create_task(asyncio.to_thread(in_worker, name))
    third = await loop.run_in_executor(pool, in_executor, name)
    return {"told": [await done, first.result(), second.result(), third]}


def in_callback(done: asyncio.Future[str], name: str) -> None:
    done.set_result(f"callback of {name}")


async def in_task(name: str) -> str:
    async for letter in letters_of(name):
        if letter == "l":
            break
    return f"task of {room.get()}"


async def letters_of(name: str) -> AsyncIterator[str]:
    for letter in name:
        await asyncio.sleep(0)
        yield letter


def in_worker(name: str) -> str:
    return f"worker of {room.get()}, {name}"


def in_executor(name: str) -> str:
    return f"executor of {name}"


@app.get("/rooms/{name}/told")
async def tell(name: str) -> dict[str, Any]:
    with sentry_sdk.new_scope() as scope:
        scope.set_tag("room", name)
        sentry_sdk.capture_message(f"told of {name}")
    thread = threading.Thread(target=tell_in_thread, args=(name,))
    thread.start()
    await asyncio.to_thread(thread.join)
    return {"told": name}


def tell_in_thread(name: str) -> None:
    sentry_sdk.capture_message(f"told of {name} in a thread")


@app.get("/rooms/{name}/fails")
async def fail(name: str, session: InSession) -> dict[str, Any]:
    await session.scalar(select(literal(name)))
    return {"length": 1 / shared(name).count("no such text")}


@app.get("/rooms/{name}/nobody")
async def nobody_asks(name: str, session: InSession) -> dict[str, Any]:
    told = str(await session.scalar(select(literal(name))))
    return {"told": shared(str(told)), "letters": await count_letters(name)}

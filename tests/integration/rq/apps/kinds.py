"""Kinds of jobs: coroutine functions, some with children; callbacks; with classes of one's own."""

from __future__ import annotations

import asyncio
from typing import Any

import jobs
from rq import Queue, get_current_job
from rq.job import Job


class OwnJob(Job):
    pass


class OwnQueue(Queue):
    job_class = OwnJob


async def coroutine(number: int) -> int:
    children = [asyncio.create_task(child(each)) for each in range(number)]
    await asyncio.to_thread(in_thread)
    return sum(await asyncio.gather(*children))


async def child(number: int) -> int:
    await asyncio.sleep(0)
    return after_sleep(number)


def after_sleep(number: int) -> int:
    return number


def in_thread() -> int:
    return 1


async def failing_coroutine() -> None:
    await asyncio.sleep(0)
    raise jobs.OnPurposeError


def on_success(job: Job, connection: Any, result: int) -> None:
    in_success()


def in_success() -> int:
    return 1


def on_stopped(job: Job, connection: Any) -> None:
    connection.set("status when stopped", str(job.get_status()))
    in_stopped()


def in_stopped() -> int:
    return 1


def at_once() -> int:
    return jobs.step()


def enqueue_at_once() -> str:
    """Make a job, in a job, that runs here and now."""
    job = get_current_job()
    assert job is not None
    return Queue(connection=job.connection, is_async=False).enqueue(at_once).id

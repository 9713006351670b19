"""Tasks for the tests, on the application of docs/how-to/celery.md."""

from __future__ import annotations

import os
import time
from typing import Any

from celery.exceptions import Ignore
from profiled import ProfiledTask
from redis import Redis
from tasks import app

redis: Any = Redis.from_url(os.environ["REDIS_URL"])


def meet(place: str, others: int) -> None:
    redis.incr(place)
    next(count for count in iter(lambda: int(redis.get(place)), None) if count >= others)  # one line, however long


@app.task
def sort(kind: str, place: str, others: int) -> int:
    meet(place, others)
    total = 0
    for number in range(300):
        if kind == "red":
            total += count_red(number)
        elif kind == "blue":
            total -= count_blue(number)
        else:
            total += 1
    return total


def count_red(number: int) -> int:
    if number % 3:
        return number
    return -number


def count_blue(number: int) -> int:
    while number > 7:
        number //= 2
    return number


@app.task
def leaf() -> int:
    return grow()


def grow() -> int:
    return 1


@app.task
def untraced() -> int:
    return 2


@app.task
def start_another() -> None:
    leaf.delay().forget()


@app.task
def link(*_: object) -> int:
    return 3


@app.task
def last(*_: object) -> int:
    return 4


@app.task
def fail(*_: object) -> None:
    raise ValueError("as it should")


@app.task
def clean_up(*_: object) -> int:
    return 5


class Watched(ProfiledTask):
    def before_start(self, *_: object) -> int:
        return 6

    def on_retry(self, *_: object) -> int:
        return 7

    def on_failure(self, *_: object) -> int:
        return 8

    def on_success(self, *_: object) -> int:
        return 9

    def after_return(self, *_: object) -> int:
        return 10


@app.task(base=Watched, bind=True, max_retries=1, throws=(ValueError,))
def try_twice(self: Any) -> None:
    if self.request.retries == 0:
        raise self.retry(countdown=0.01)
    raise ValueError("as it should")


@app.task(base=Watched)
def ignore() -> None:
    raise Ignore


@app.task
def wait_for_ever(key: str) -> None:
    redis.rpush(key, "begun")
    while not redis.get(f"{key}:end"):
        time.sleep(0.001)
    after_waiting()


def after_waiting() -> int:
    return 11

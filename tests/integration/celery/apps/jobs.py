"""Tasks for the tests, on the application of docs/how-to/celery.md."""

import os
import time

from celery.exceptions import Ignore
from profiled import ProfiledTask
from redis import Redis
from tasks import app

redis = Redis.from_url(os.environ["REDIS_URL"])


def meet(place, others):
    redis.incr(place)
    next(count for count in iter(lambda: int(redis.get(place)), None) if count >= others)  # one line, however long


@app.task
def sort(kind, place, others):
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


def count_red(number):
    if number % 3:
        return number
    return -number


def count_blue(number):
    while number > 7:
        number //= 2
    return number


@app.task
def leaf():
    return grow()


def grow():
    return 1


@app.task
def untraced():
    return 2


@app.task
def start_another():
    leaf.delay().forget()


@app.task
def link(*_):
    return 3


@app.task
def last(*_):
    return 4


@app.task
def fail(*_):
    raise ValueError("as it should")


@app.task
def clean_up(*_):
    return 5


class Watched(ProfiledTask):
    def before_start(self, *_):
        return 6

    def on_retry(self, *_):
        return 7

    def on_failure(self, *_):
        return 8

    def on_success(self, *_):
        return 9

    def after_return(self, *_):
        return 10


@app.task(base=Watched, bind=True, max_retries=1, throws=(ValueError,))
def try_twice(self):
    if self.request.retries == 0:
        raise self.retry(countdown=0.01)
    raise ValueError("as it should")


@app.task(base=Watched)
def ignore():
    raise Ignore


@app.task
def wait_for_ever(key):
    redis.rpush(key, "begun")
    while not redis.get(f"{key}:end"):
        time.sleep(0.001)
    after_waiting()


def after_waiting():
    return 11

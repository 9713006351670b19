"""Greenlets that switch underneath a unit's step: in a coroutine, as SQLAlchemy's asyncio extension does, and plain ones."""

import asyncio

import greenlet

from cases import case
from cases.tasks import requests
from harness import KINDS
from subject import greens, small


async def spawn(function, *args):
    """Run a function in a greenlet; what it switches back with is awaited out here."""
    driver = greenlet.getcurrent()
    child = greenlet.greenlet(function, driver)
    child.gr_context = driver.gr_context
    result = child.switch(*args)
    while not child.dead:
        try:
            value = await result
        except BaseException as error:
            result = child.throw(error)
        else:
            result = child.switch(value)
    return result


def wait():
    return greenlet.getcurrent().parent.switch(asyncio.sleep(0, 1))


def fail():
    return greenlet.getcurrent().parent.switch(_fail())


async def _fail():
    await asyncio.sleep(0)
    raise KeyError


def pause():
    greenlet.getcurrent().parent.switch()


@case("alpha", "beta", "gamma", concurrency="greenlet")
def in_coroutines(side):
    requests(side, lambda kind: greens.ask(kind, spawn, wait, fail))


@case("alpha", "beta", "gamma", concurrency="greenlet")
def in_child_tasks(side):
    async def work(kind):
        await asyncio.gather(*(asyncio.create_task(greens.ask(kind, spawn, wait, fail)) for _ in range(3)))

    requests(side, work, rounds=5)


@case("alpha", "beta", "gamma", "delta", concurrency="greenlet")
def units_that_take_turns(side):
    """Each greenlet has a unit of its own, and is suspended in the middle of it."""

    def body(slug):
        for _ in range(5):
            with side.unit(slug):
                greens.plain(KINDS[slug], pause)
            pause()

    take_turns([greenlet.greenlet(body) for _ in side.slugs], side.slugs)


@case("alpha", "beta", "gamma", "delta", concurrency="greenlet")
def greenlets_of_a_unit(side):
    """They have an empty context: what switches to them is in a unit."""

    def run(slug):
        kind = KINDS[slug]
        take_turns([greenlet.greenlet(greens.plain) for _ in range(3)], [kind] * 3, pause)
        small.loop(kind, 3, lambda: None)

    for _ in range(3):
        for slug in side.slugs:
            with side.unit(slug):
                run(slug)


def take_turns(greenlets, firsts, *rest):
    for each, first in zip(greenlets, firsts, strict=True):
        each.switch(first, *rest)
    while greenlets := [each for each in greenlets if not each.dead]:
        for each in greenlets:
            each.switch()

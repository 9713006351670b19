"""Loops and branches that differ by kind: some lines everybody runs, some only one kind, some hot and some once."""

import asyncio
import threading


def shared(n):
    total = 0
    for i in range(n):
        if i % 2:
            total += i
        else:
            total -= i
    return total


def hot(kind, n):
    total = 0
    for i in range(n):
        if kind == 0:
            total += 1
        elif kind == 1:
            total += 2
        elif kind == 2:
            total += 3
        elif kind == 3:
            total += 4
        elif kind == 4:
            total += 5
        elif kind == 5:
            total += 6
        else:
            total += 7
        if i == n - 1:
            total = rare(kind, total)
    return total


def rare(kind, total):
    if kind % 2 == 0:
        total = only_even(total)
    if kind % 3 == 0:
        total = only_third(total)
    return total


def only_even(total):
    return total * 2


def only_third(total):
    result = []
    for digit in str(total):
        result.append(int(digit))
    return sum(result)


def recurse(kind, depth):
    if depth == 0:
        return kind
    if kind % 2:
        value = recurse(kind, depth - 1)
        return value + 1
    return recurse(kind, depth - 1) - 1


def produce(kind, n):
    for i in range(n):
        if kind == 1:
            yield i * 10
        elif kind == 2:
            yield i * 20
        else:
            yield i
    if kind == 3:
        yield -1


def consume(kind, n):
    return sum(produce(kind, n))


def fail(kind):
    try:
        if kind == 0:
            raise KeyError(kind)
        if kind == 1:
            raise ValueError(kind)
    except KeyError:
        return "key"
    except ValueError:
        return "value"
    finally:
        shared(2)
    return "none"


def work(kind, n):
    shared(3)
    hot(kind, n)
    recurse(kind, 4)
    consume(kind, 5)
    fail(kind)
    return [x for x in range(kind) if x % 2]


def wait_inside(kind, ready: threading.Event, go: threading.Event):
    """Wait in the middle of a function that others run hot meanwhile."""
    total = 0
    for i in range(3):
        if kind == 0:
            total += spin(kind, 2000)
        else:
            ready.set()
            go.wait(30)
            total += spin(kind, 3)
    return total


def spin(kind, n):
    total = 0
    for i in range(n):
        if kind == 0:
            total += i
        else:
            total -= i
    return total


async def step(kind, i):
    if kind % 2:
        await asyncio.sleep(0)
        return i
    await asyncio.sleep(0)
    return -i


async def work_async(kind, n):
    total = 0
    for i in range(n):
        total += await step(kind, i)
        if kind == 0:
            total += shared(2)
        elif kind == 1:
            total += only_even(i)
        elif kind == 2:
            total += only_third(i)
        await asyncio.sleep(0)
        if i == n - 1:
            total += hot(kind, 3)
    async for value in produce_async(kind, 3):
        total += value
    return total


async def produce_async(kind, n):
    for i in range(n):
        await asyncio.sleep(0)
        if kind == 1:
            yield i
        else:
            yield -i

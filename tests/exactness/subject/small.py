"""Small functions that many threads run at once: each line that is missed or misfiled shows."""

import time


def loop(kind, n, between):
    total = 0
    for i in range(n):
        if i == 2:
            between()
        if kind == 0:
            total += 1
        elif kind == 1:
            total += leaf(kind, i)
        elif kind == 2:
            total -= leaf(kind, i)
        else:
            total ^= i
    if n > 5:
        total += 1
    return total


def leaf(kind, i):
    if i % 2:
        return kind
    if i > 6:
        return -kind
    return i


def generate(kind, n, between):
    for i in range(n):
        if i == 1:
            between()
        if kind % 2:
            yield i
        else:
            yield -i
    if kind == 3:
        yield leaf(kind, n)


def consume(kind, n, between):
    total = 0
    for value in generate(kind, n, between):
        total += value
        if total > 10:
            break
    else:
        total = 0
    return total


def recurse(kind, n, between):
    if n <= 0:
        between()
        return kind
    if kind == 1:
        return recurse(kind, n - 2, between) + 1
    return recurse(kind, n - 1, between)


def fail(kind, n, between):
    try:
        between()
        if kind == n % 4:
            raise KeyError(kind)
        return leaf(kind, n)
    except KeyError:
        return loop(kind, 1, between)
    finally:
        time.sleep(0)


FUNCTIONS = (loop, consume, recurse, fail)

"""Work whose context outlives its unit, or is left, and garbage that somebody else's unit collects."""

import asyncio
import contextvars

from subject import branches

AT_IMPORT = contextvars.copy_context()


def work(kind, n):
    total = 0
    for i in range(n):
        if kind == 0:
            total += branches.only_even(i)
        elif kind == 1:
            total += branches.only_third(i)
        elif kind == 2:
            total += branches.rare(kind, i)
        else:
            total -= i
    return total


async def work_async(kind, n):
    total = 0
    for i in range(n):
        await asyncio.sleep(0)
        total += contextvars.Context().run(work, kind, i)
    return total


class Cycle:
    """Only the garbage collector can free it."""

    def __init__(self, kind):
        self.kind = kind
        self.me = self

    def __del__(self):
        work(self.kind, 3)
        if self.kind == 0:
            self.me = None  # type: ignore[assignment]


class Counted:
    """Freed by the last reference that goes."""

    def __init__(self, kind):
        self.kind = kind

    def __del__(self):
        if self.kind == 1:
            branches.only_even(1)


def unfinished(kind):
    """Be a generator that is in a cycle, and closed by the garbage collector."""
    me = yield
    try:
        yield me
    finally:
        branches.only_third(kind)


def litter(kind):
    """Leave garbage behind."""
    Cycle(kind)
    counted = Counted(kind)
    generator = unfinished(kind)
    next(generator)
    generator.send(generator)
    del counted, generator
    return work(kind, 1)


def chain(kind, n, done):
    """Run, and hand oneself to the event loop again."""
    work(kind, n)
    if n == 0:
        done()
    else:
        asyncio.get_running_loop().call_soon(chain, kind, n - 1, done)

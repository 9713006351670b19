"""Work that is handed to threads, pools, tasks, callbacks and processes."""

import asyncio

from subject import branches


def task(kind, n):
    total = 0
    for i in range(n):
        if kind == 0:
            total += i
        elif kind == 1:
            total -= i
        elif kind == 2:
            total ^= i
        else:
            total |= i
    return total + branches.rare(kind, total)


def task_of(pair):
    kind, n = pair
    return task(kind, n)


def later(kind, done):
    if kind % 2:
        branches.only_even(kind)
    else:
        branches.only_third(kind)
    task(kind, 3)
    done()


class Echo(asyncio.Protocol):
    """Sends back what it is sent, and closes."""

    def __init__(self, kind, done):
        self.kind, self.done = kind, done

    def connection_made(self, transport):
        self.transport = transport
        task(self.kind, 2)

    def data_received(self, data):
        if self.kind == 1:
            branches.only_even(self.kind)
        self.transport.write(data)
        self.transport.close()

    def connection_lost(self, failure):
        later(self.kind, self.done)


class Told(asyncio.DatagramProtocol):
    def __init__(self, kind, done):
        self.kind, self.done = kind, done

    def datagram_received(self, data, address):
        later(self.kind, self.done)


async def child(kind, n):
    for i in range(n):
        await asyncio.sleep(0)
        if kind == 1:
            task(kind, 2)
        elif kind == 2:
            branches.only_third(i)
        else:
            branches.only_even(i)
    return kind


async def trio_child(kind, n, checkpoint):
    for i in range(n):
        await checkpoint()
        if kind == 1:
            task(kind, 2)
        elif kind == 2:
            branches.only_third(i)
        else:
            branches.only_even(i)


async def parent_create(kind):
    tasks = [asyncio.create_task(child(kind, i)) for i in range(1, 4)]
    for each in tasks:
        await each
    return await asyncio.gather(child(kind, 2), child(kind, 1))


async def parent_group(kind):
    async with asyncio.TaskGroup() as group:
        for i in range(1, 4):
            group.create_task(child(kind, i))
    return kind


async def cancelled(kind, started):
    try:
        started.set()
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        branches.only_even(kind)
        if kind == 0:
            branches.shared(1)
        raise
    finally:
        branches.only_third(kind)


async def cancel_one(kind):
    started = asyncio.Event()
    victim = asyncio.create_task(cancelled(kind, started))
    await started.wait()
    victim.cancel()
    try:
        await victim
    except asyncio.CancelledError:
        return task(kind, 2)


async def agen(kind):
    try:
        for i in range(5):
            await asyncio.sleep(0)
            yield i
    except ValueError:
        branches.only_even(kind)
        yield -1
    finally:
        if kind == 1:
            branches.only_third(kind)


async def throw_into(kind):
    generator = agen(kind)
    await generator.__anext__()
    if kind == 0:
        await generator.athrow(ValueError())
    await generator.aclose()
    return kind


def closing(kind):
    """A generator that does something when it is closed, or collected."""
    try:
        yield kind
        if kind == 0:
            yield branches.only_even(kind)
        yield branches.only_third(kind)
    finally:
        branches.rare(kind, 5)


def nested(kind, inner):
    """Something in the middle of which other work runs, in the same functions."""
    total = 0
    for i in range(4):
        if i == 2:
            total += inner()
        if kind == 0:
            total += 1
        else:
            total += 2
    return total + branches.hot(kind, 4)


make = lambda kind: [branches.only_even(kind) if kind % 2 else branches.only_third(kind), (lambda: kind + 1)()]  # noqa


def class_body(kind):
    class Local:
        value = kind

        if kind == 0:
            other = 1
        else:
            other = 2

        def method(self):
            return self.value + self.other

    return Local().method()


def comprehend(kind):
    evens = [x for x in range(6) if x % 2 == 0]
    table = {key: [key + value for value in range(2)] for key in range(kind)}
    lazy = (branches.only_even(x) for x in evens if kind == 1)
    return sum(lazy) + len(table)


def match(kind):
    match kind:
        case 0:
            return "zero"
        case 1 | 2:
            return "few"
        case _:
            return "many"


def contexts(kind):
    with (
        Manager(kind) as one,
        Manager(kind + 1) as two,
    ):
        if kind == 1:
            raise KeyError(one, two)
    return one


class Manager:
    def __init__(self, kind):
        self.kind = kind

    def __enter__(self):
        return self.kind

    def __exit__(self, kind, *_):
        if kind is not None:
            return True
        return None

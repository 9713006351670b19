"""Work that a unit hands to an event loop: to that of another thread, through a portal, and to uvloop's and trio's."""

import asyncio
import contextlib
import functools
import socket
import threading

import anyio
import anyio.from_thread

from cases import case
from cases.tasks import requests
from cases.threads import in_threads
from harness import KINDS
from subject import branches, propagated


@contextlib.contextmanager
def loop_of_its_own(side, new_event_loop=asyncio.new_event_loop):
    """Run an event loop in a thread that belongs to no unit."""
    loop = new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def hand_to(loop, kind):
    """Hand a coroutine and a callback to the loop of another thread, and wait for both."""
    assert asyncio.run_coroutine_threadsafe(propagated.parent_create(kind), loop).result()
    done = threading.Event()
    loop.call_soon_threadsafe(propagated.later, kind, done.set)
    done.wait()


def from_threads(side, function):
    def body(slug):
        for _ in range(5):
            with side.unit(slug):
                function(KINDS[slug])

    in_threads(side, body)


@case("alpha", "beta", "gamma")
def loop_of_another_thread(side):
    with loop_of_its_own(side) as loop:
        from_threads(side, functools.partial(hand_to, loop))


@case("alpha", "beta", "gamma")
def loop_of_another_thread_in_uvloop(side):
    import uvloop

    with loop_of_its_own(side, uvloop.new_event_loop) as loop:
        from_threads(side, functools.partial(hand_to, loop))


@case("alpha", "beta", "gamma")
def a_blocking_portal(side):
    async def work(kind):
        await propagated.parent_group(kind)
        await anyio.to_thread.run_sync(propagated.task, kind, 3)

    with anyio.from_thread.start_blocking_portal() as portal:

        def body(kind):
            portal.call(propagated.child, kind, 3)
            portal.start_task_soon(work, kind).result()
            portal.call(propagated.task, kind, 2)

        from_threads(side, body)


@case("alpha", "beta", "gamma")
def from_worker_threads_back_into_the_loop(side):
    def in_thread(kind):
        anyio.from_thread.run(propagated.child, kind, 3)
        anyio.from_thread.run_sync(propagated.task, kind, 3)

    requests(side, lambda kind: anyio.to_thread.run_sync(in_thread, kind))


@case("alpha", "beta", "gamma")
def tasks_that_no_loop_was_asked_for(side):
    async def work(kind):
        await asyncio.Task(propagated.child(kind, 3), loop=asyncio.get_running_loop())

    requests(side, work)


async def everything(kind):
    """Use each way in which a loop can be asked to call back."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    ways = (loop.call_soon, loop.call_soon_threadsafe, functools.partial(loop.call_later, 0.0001))
    for schedule in (*ways, functools.partial(loop.call_at, loop.time())):
        done.clear()
        schedule(propagated.later, kind, done.set)
        await done.wait()
    reading, writing = socket.socketpair()
    with reading, writing:
        for add, remove, end in (
            (loop.add_reader, loop.remove_reader, reading),
            (loop.add_writer, loop.remove_writer, writing),
        ):
            done.clear()
            writing.send(b"1")
            add(end, propagated.later, kind, done.set)
            await done.wait()
            remove(end)
    future = loop.create_future()
    future.add_done_callback(lambda _: propagated.task(kind, 2))
    future.set_result(None)
    await asyncio.sleep(0)
    await loop.run_in_executor(None, branches.hot, kind, 5)
    await asyncio.to_thread(propagated.task, kind, 3)
    await propagated.parent_create(kind)
    await asyncio.Task(propagated.child(kind, 3), loop=loop)


async def connections(kind):
    """Serve, call and be called as protocols, over a stream, a pipe of sockets and datagrams."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    async def hear(connect):
        done.clear()
        reader, writer = await connect
        writer.write(b"words")
        assert await reader.read() == b"words"
        writer.close()
        await done.wait()

    def echo():
        return propagated.Echo(kind, done.set)

    server = await loop.create_server(echo, "127.0.0.1", 0)
    await hear(asyncio.open_connection(*server.sockets[0].getsockname()))
    server.close()
    here, there = socket.socketpair()
    await loop.create_connection(echo, sock=there)
    await hear(asyncio.open_connection(sock=here))
    done.clear()
    told, _ = await loop.create_datagram_endpoint(lambda: propagated.Told(kind, done.set), ("127.0.0.1", 0))
    teller, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=told.get_extra_info("sockname")
    )
    teller.sendto(b"words")
    await done.wait()
    teller.close()
    told.close()


@case("alpha", "beta", "gamma")
def all_that_a_loop_can_call(side):
    requests(side, everything)
    requests(side, connections)


@case("alpha", "beta", "gamma")
def all_that_uvloop_can_call(side):
    import uvloop

    requests(side, everything, run=uvloop.run)
    requests(side, connections, run=uvloop.run)


@case("alpha", "beta", "gamma")
def trio_children_and_threads(side):
    import trio

    child = functools.partial(propagated.trio_child, checkpoint=trio.lowlevel.checkpoint)

    async def work(kind):
        async with trio.open_nursery() as nursery:
            for i in range(3):
                nursery.start_soon(child, kind, i)
        await trio.to_thread.run_sync(propagated.task, kind, 3)
        await trio.to_thread.run_sync(back_again, kind)
        async with anyio.create_task_group() as group:
            group.start_soon(child, kind, 4)
            group.start_soon(anyio.to_thread.run_sync, branches.hot, kind, 5)

    def back_again(kind):
        trio.from_thread.run(child, kind, 3)
        trio.from_thread.run_sync(propagated.task, kind, 2)

    async def body(slug):
        for _ in range(5):
            await side.wait(slug, work(KINDS[slug]))

    async def main():
        async with trio.open_nursery() as nursery:
            for slug in side.slugs:
                nursery.start_soon(body, slug)

    trio.run(main)


@case("alpha", "beta", "gamma")
def functions_that_sqlite_calls(side):
    """In the thread of a connection: that of a unit, and one that all have, which some unit has opened."""
    import aiosqlite

    shared = []

    async def work(kind):
        if not shared:
            shared.append(aiosqlite.connect(":memory:"))
            await shared[0]
        async with aiosqlite.connect(":memory:") as own:
            for connection in (shared[0], own):
                await connection.create_function("task", 2, propagated.task)
                cursor = await connection.execute("select task(?, 3)", (kind,))
                await cursor.fetchall()

    async def main():
        for _ in range(3):
            for slug in side.slugs:
                await asyncio.create_task(side.wait(slug, work(KINDS[slug])))
        await shared[0].close()

    asyncio.run(main())

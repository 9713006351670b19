"""Units in tasks of one event loop, and what they hand to tasks, callbacks and threads."""

import asyncio
import functools
import sys

import anyio.to_thread

from cases import SIX, case
from harness import KINDS
from subject import branches, propagated


def requests(side, function, rounds=10, factory=None, run=asyncio.run):
    """Run a coroutine function as the work of a slug, a request after another, in a task for each slug."""

    async def body(slug):
        for _ in range(rounds):
            await asyncio.create_task(side.wait(slug, function(KINDS[slug])))

    async def main():
        if factory is not None:
            asyncio.get_running_loop().set_task_factory(factory)
        await asyncio.gather(*(body(slug) for slug in side.slugs))
        await asyncio.sleep(0.01)

    run(main())


@case("alpha", "beta")
def two_tasks(side):
    requests(side, lambda kind: branches.work_async(kind, 4), rounds=20)


@case(*SIX)
def six_tasks(side):
    requests(side, lambda kind: branches.work_async(kind, 8), rounds=40)


@case("alpha", "beta", "gamma")
def child_tasks(side):
    requests(side, propagated.parent_create)


@case("alpha", "beta", "gamma")
def task_groups(side):
    requests(side, propagated.parent_group)


if sys.version_info >= (3, 12):

    @case("alpha", "beta", "gamma")
    def eager_tasks(side):
        requests(side, propagated.parent_create, factory=asyncio.eager_task_factory)


@case("alpha", "beta", "gamma")
def tasks_that_outlive_their_unit(side):
    async def work(kind):
        task = asyncio.create_task(propagated.child(kind, 3))
        kept.append(task)
        await asyncio.sleep(0)

    kept = []
    requests(side, work, rounds=5)
    assert all(task.done() for task in kept)


@case("alpha", "beta", "gamma")
def to_thread_and_executors(side):
    async def work(kind):
        await asyncio.to_thread(propagated.task, kind, 3)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, functools.partial(branches.hot, kind, 5))

    requests(side, work)


@case("alpha", "beta", "gamma")
def anyio_threads(side):
    async def work(kind):
        await anyio.to_thread.run_sync(propagated.task, kind, 3)
        await anyio.to_thread.run_sync(functools.partial(branches.hot, kind, 5))

    requests(side, work)


@case("alpha", "beta", "gamma")
def callbacks_of_the_loop(side):
    async def work(kind):
        loop = asyncio.get_running_loop()
        for schedule in (loop.call_soon, functools.partial(loop.call_later, 0.0001), loop.call_soon_threadsafe):
            done = asyncio.Event()
            schedule(propagated.later, kind, done.set)
            await done.wait()
        future = loop.create_future()
        future.add_done_callback(lambda _: propagated.task(kind, 2))
        future.set_result(None)
        await asyncio.sleep(0)

    requests(side, work)


@case("alpha", "beta", "gamma")
def cancelled_tasks(side):
    requests(side, propagated.cancel_one)


@case("alpha", "beta", "gamma")
def exceptions_thrown_into_generators(side):
    requests(side, propagated.throw_into)


@case("alpha", "beta", "gamma")
def async_generators_finished_late(side):
    """Created and begun in one unit, finished in another of the same slug."""

    async def body(slug):
        kind = KINDS[slug]
        for _ in range(5):
            kept = []

            async def begin(kept=kept):
                generator = propagated.agen(kind)
                await generator.__anext__()
                kept.append(generator)
                await asyncio.sleep(0)

            async def finish(kept=kept):
                async for _ in kept[0]:
                    branches.rare(kind, 3)

            await asyncio.create_task(side.wait(slug, begin()))
            await asyncio.create_task(side.wait(slug, finish()))

    async def main():
        await asyncio.gather(*(body(slug) for slug in side.slugs))

    asyncio.run(main())

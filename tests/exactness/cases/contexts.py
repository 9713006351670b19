"""Contexts that outlive the unit they were made in, or that a unit leaves; and what the garbage collector runs."""

import asyncio
import contextvars
import gc
import sys
import threading

from cases import case
from harness import KINDS
from subject import leaving, propagated


def in_turn(side, make, rounds=3, threads=3):
    """Run requests of all slugs in turn, in three threads at once; each thread keeps what its first request has made."""
    failures = []

    def body(first):
        slugs, work = side.slugs[first:] + side.slugs[:first], None
        try:
            for _ in range(rounds):
                for slug in slugs:
                    with side.unit(slug):
                        work = work or make()
                        work(KINDS[slug])
            getattr(work, "close", str)()
        except BaseException as error:
            failures.append(error)
            raise

    running = [threading.Thread(target=body, args=(first % len(side.slugs),)) for first in range(1, threads)]
    for thread in running:
        thread.start()
    body(0)
    for thread in running:
        thread.join()
    assert not failures, failures


@case("alpha", "beta")
def runner_that_is_kept(side):
    """As synchronous applications do that call asynchronous libraries."""

    def make():
        def run(kind):
            runner.run(propagated.parent_create(kind))

        runner = asyncio.Runner()
        vars(run)["close"] = runner.close
        return run

    in_turn(side, make)


@case("alpha", "beta")
def context_of_an_earlier_request(side):
    def make():
        context = contextvars.copy_context()
        return lambda kind: context.run(leaving.work, kind, 4)

    in_turn(side, make)


@case("alpha", "beta")
def context_that_was_copied_at_import(side):
    lock = threading.Lock()  # a context is entered once at a time

    def make():
        def run(kind):
            with lock:
                leaving.AT_IMPORT.run(leaving.work, kind, 4)

        return run

    in_turn(side, make)


@case("alpha", "beta")
def empty_context(side):
    in_turn(side, lambda: lambda kind: contextvars.Context().run(leaving.work, kind, 4))


@case("alpha", "beta")
def empty_context_inside_another_units_step(side):
    """The innermost step is the one that counts."""
    other = {"alpha": "beta", "beta": "alpha"}

    def body(slug):
        with side.unit(slug):
            propagated.task(KINDS[slug], 2)
            if slug in other and other[slug] in side.slugs:
                with side.unit(other[slug]):
                    contextvars.Context().run(leaving.work, KINDS[other[slug]], 4)
            with side.nobody():
                contextvars.Context().run(leaving.work, 5, 1)
            contextvars.Context().run(leaving.work, KINDS[slug], 4)

    for slug in side.slugs:
        body(slug)


if sys.version_info >= (3, 12):  # before, asyncio does not say what a task's context is

    @case("alpha", "beta", engines=("monitoring",))
    def empty_context_in_a_task(side):
        async def body(slug):
            for _ in range(5):
                await asyncio.create_task(side.wait(slug, leaving.work_async(KINDS[slug], 3)))

        async def main():
            await asyncio.gather(*(body(slug) for slug in side.slugs))

        asyncio.run(main())


@case("alpha", "beta", engines=("monitoring",))
def blocks_in_tasks_that_wait(side):
    """A step that a task has entered is that task's alone."""

    async def body(slug):
        for _ in range(5):
            with side.unit(slug):
                await asyncio.sleep(0)
                await leaving.work_async(KINDS[slug], 3)
                with side.nobody():
                    await asyncio.sleep(0)
                    propagated.task(5, 1)
                contextvars.Context().run(leaving.work, KINDS[slug], 3)
                await asyncio.sleep(0)

    async def main():
        await asyncio.gather(*(asyncio.create_task(body(slug)) for slug in side.slugs))

    asyncio.run(main())


@case("alpha", "beta", "gamma")
def garbage_that_others_collect(side):
    gc.disable()

    def make():
        def run(kind):
            leaving.litter(kind)
            side.collect()
            leaving.litter(kind)

        return run

    in_turn(side, make, threads=3 if None in side.slugs else 1)
    with side.nobody():
        side.collect()


@case("alpha", "beta")
def unbound_tasks_inside_a_unit_that_runs_the_loop(side):
    async def main(kind):
        with side.nobody():
            task = asyncio.create_task(propagated.child(5, 2))
            if len(side.slugs) == 1:
                await task
        await task
        await propagated.child(kind, 2)

    for _ in range(3):
        for slug in side.slugs:
            if slug is not None:
                with side.unit(slug):
                    asyncio.run(main(KINDS[slug]))


@case("alpha", "beta")
def tasks_that_a_kept_runner_goes_on_with_in_requests_of_others(side):
    async def begin(kind):
        tasks.append(asyncio.create_task(propagated.child(kind, 6)))
        await asyncio.sleep(0)

    async def drain():
        await asyncio.gather(*tasks)

    tasks = []
    runner = asyncio.Runner()
    for _ in range(2):
        for slug in side.slugs:
            with side.unit(slug):
                runner.run(begin(KINDS[slug]) if slug else propagated.child(5, 1))
    runner.run(drain())
    runner.close()


@case("alpha", "beta", "gamma")
def callbacks_that_run_when_their_unit_has_ended(side):
    async def work(kind, future, done):
        loop = asyncio.get_running_loop()
        loop.call_soon(leaving.chain, kind, 3, done)
        loop.call_later(0.001, propagated.later, kind, done)
        future.add_done_callback(lambda _: propagated.task(kind, 2))
        task = asyncio.create_task(propagated.child(kind, 2))
        task.add_done_callback(lambda _: (leaving.work(kind, 2), done()))

    async def body(slug):
        for _ in range(5):
            future, done = asyncio.get_running_loop().create_future(), asyncio.Semaphore(0)
            await asyncio.create_task(side.wait(slug, work(KINDS[slug], future, done.release)))
            future.set_result(None)
            for _ in range(3):
                await done.acquire()

    async def main():
        await asyncio.gather(*(body(slug) for slug in side.slugs))

    asyncio.run(main())


@case("alpha", "beta", "gamma")
def work_for_the_loop_of_another_thread(side):
    """Handed over by a unit that does not wait for it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    for _ in range(3):
        handed = []
        for slug in side.slugs:
            with side.unit(slug):
                handed.append(asyncio.run_coroutine_threadsafe(propagated.parent_create(KINDS[slug]), loop))
                done = threading.Event()
                loop.call_soon_threadsafe(propagated.later, KINDS[slug], done.set)
        done.wait(30)
        for future in handed:
            future.result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()

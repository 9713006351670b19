"""What a unit hands on may be anything, and passes as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_callable_whose_attributes_raise_is_handed_on_as_it_is_outside_a_unit(
    run_python: Callable[..., object], engine: str
) -> None:
    source = """
    import _thread, asyncio, concurrent.futures, multiprocessing.pool, subprocess, sys, uvloop
    import profcov
    from measured import red
    from play import said, shards, tell

    class Unbound(Exception):
        pass
    class Proxy:  # as those of a context are, where there is none
        def __getattribute__(self, name):
            raise Unbound(name)
        def __call__(self, *args):
            done.append(red())
    class Method:
        def __call__(self, *args):
            done.append(red())
        def __getattr__(self, name):
            raise Unbound(name)

    done, failed = [], []
    executor, pool = concurrent.futures.ThreadPoolExecutor(1), multiprocessing.pool.ThreadPool(1)
    def attempt(function, *args):
        try:
            return function(*args)
        except Exception as error:
            failed.append(f"{function}: {error!r}")
    async def hand_to_loop(loop, proxy):
        loop.call_soon(proxy)
        loop.call_later(0, proxy)
        loop.call_soon_threadsafe(proxy)
        while len(done) < 3:
            await asyncio.sleep(0)
    live = lambda: dict(profcov.engine_status().live)
    for number, (proxy, new_loop) in enumerate([(Proxy(), asyncio.new_event_loop), (Method(), uvloop.new_event_loop)]):
        slug = f"number-{number}"
        with profcov.trace(slug):
            attempt(lambda: profcov.bind(proxy)())
            attempt(lambda: executor.submit(proxy).result())
            attempt(lambda: pool.apply_async(proxy, callback=proxy).get())
            future = concurrent.futures.Future()
            attempt(future.add_done_callback, proxy)
            future.set_result(None)
            attempt(_thread.start_new_thread, proxy, ())
            attempt(lambda: subprocess.run([sys.executable, "-c", ""], preexec_fn=proxy))
        while live() or len(done) < 6:
            pass
        counted = [len(done), shards(slug)]
        done.clear()
        loop = new_loop()
        attempt(loop.run_until_complete, profcov.trace(slug)(hand_to_loop)(loop, proxy))
        loop.close()
        assert counted == [6, ["red"]] and len(done) == 3, (counted, done)
        done.clear()
    executor.shutdown()
    pool.terminate()
    tell([failed, said])
    """
    assert run_python(source, engine=engine) == [[], []]


def test_data_of_any_depth_goes_through_a_queue_and_a_bound_function_is_known_in_it(
    run_python: Callable[..., object],
) -> None:
    source = """
    import queue
    import profcov
    from measured import red
    from play import tell
    from profcov.recording.propagation.binding import is_bound
    deep = wide = ()
    for number in range(100_000):
        deep = (number, deep)
    for _ in range(60):
        wide = (wide, wide)
    places = queue.PriorityQueue()
    with profcov.trace("demo"):
        places.put((1, deep))
        places.put((2, wide))
        bound = profcov.bind(red)
    found = [is_bound(each) for each in (bound, (1, bound), (red, ()), [bound], red)]
    tell([places.get()[0], places.get()[0], found])
    """
    assert run_python(source) == [1, 2, [True, True, False, False, False]]

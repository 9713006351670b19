"""Work in pools of threads runs under the slug of whoever hands it over, whatever class the pool is of."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


@pytest.mark.skipif(
    sys.version_info < (3, 12), reason="greenlets need the monitoring engine, which came with Python 3.12"
)
@pytest.mark.parametrize("order", ["before", "after"])
def test_work_in_gevents_pools_of_threads_is_its_units(run_python: Callable[..., Any], order: str) -> None:
    """The executor has a ``submit`` of its own, and the threads are started by what gevent took from ``_thread``."""
    source = f"""
    import profcov
    if {order!r} == "after":
        profcov.trace("warm-up")(str)()
    import gevent.monkey
    gevent.monkey.patch_all()
    import gevent.threadpool
    from measured import blue, green, late, red
    from play import shards, tell

    pools = []
    def both(slug, one, other):
        with profcov.trace(slug):
            executor = gevent.threadpool.ThreadPoolExecutor(1)
            pools.append(executor)
            assert executor.submit(one).result() == one.__name__
            assert gevent.get_hub().threadpool.apply(other) == other.__name__
        return executor
    executor = both("demo", red, blue)
    both("other", green, late)
    executor.submit(green).result()
    gevent.get_hub().threadpool.apply(late)
    tell([shards("demo"), shards("other"), dict(profcov.engine_status().live)])
    """
    assert run_python(source) == [["blue", "red"], ["green", "late"], {}]


def test_what_is_called_with_a_result_is_its_units_who_has_asked_for_that(
    run_python: Callable[..., Any], engine: str
) -> None:
    source = """
    import threading
    from concurrent.futures import Future, ThreadPoolExecutor
    from multiprocessing.pool import ThreadPool
    import profcov
    from measured import blue, called, green, late, red
    from play import said, shards, tell

    live = lambda: dict(profcov.engine_status().live)
    go_on = threading.Event()
    def fail(*_):
        go_on.wait(60)
        raise ValueError("meant")
    wait = lambda *_: go_on.wait(60)
    executor, pool = ThreadPoolExecutor(1), ThreadPool(1)
    results = []
    with profcov.trace("future"):
        future = executor.submit(wait)
        future.add_done_callback(lambda _: called())
        future.add_done_callback(lambda _: red())
    with profcov.trace("applied"):
        results += [pool.apply_async(wait, (), {}, lambda _: blue()), pool.apply_async(fail, (), error_callback=called)]
    with profcov.trace("mapped"):
        results += [pool.map_async(wait, [1], callback=lambda _: green()), pool.map_async(fail, [1], 1, called, lambda _: late())]
    future.add_done_callback(called)
    results.append(pool.apply_async(wait, callback=called))
    waited_for = live()
    go_on.set()
    for result in results:
        result.wait(60)
    while live():  # what is called comes after the result
        pass
    wrong = []
    for args, kwargs in (((), {"callback": called}), ((called, called, called), {})):
        try:
            with profcov.trace("wrong"):
                pool.apply_async(wait, (), {}, called, *args, **kwargs)
        except TypeError as error:
            wrong.append(str(error)[:6])
    never = Future()
    with profcov.trace("dropped"):
        never.add_done_callback(called)
    del never
    while live():
        pass
    executor.shutdown()
    pool.terminate()
    tell([waited_for, {slug: shards(slug) for slug in ("future", "applied", "mapped", "wrong", "dropped")}, wrong, said])
    """
    waited_for, ran, wrong, said = run_python(source, engine=engine)
    assert set(waited_for) == {"future", "applied", "mapped"}
    assert ran == {
        "future": ["called", "red"],
        "applied": ["blue", "called"],
        "mapped": ["green", "late"],
        "wrong": [],
        "dropped": [],
    }
    assert wrong == ["Pool.a"] * 2
    assert said == []

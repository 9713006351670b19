"""Work in pools of threads runs under the slug of whoever hands it over, whatever class the pool is of."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.skipif(
    sys.version_info < (3, 12), reason="greenlets need the monitoring engine, which came with Python 3.12"
)
@pytest.mark.parametrize("order", ["before", "after"])
def test_work_in_gevents_pools_of_threads_is_its_units(run_python: Callable[..., object], order: str) -> None:
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

"""What tasks of a unit hand to worker threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_first_work_that_a_process_hands_to_a_thread_of_anyio_is_its_units(
    run_python: Callable[..., object], engine: str
) -> None:
    source = """
    import asyncio, sys
    import anyio, anyio.to_thread, profcov
    from measured import red
    from play import shards, tell

    before = "anyio._backends._asyncio" in sys.modules  # which anyio imports when it is used first
    async def work():
        return await anyio.to_thread.run_sync(red)
    asyncio.run(profcov.trace("demo")(work)())
    tell([before, shards("demo")])
    """
    assert run_python(source, engine=engine) == [False, ["red"]]

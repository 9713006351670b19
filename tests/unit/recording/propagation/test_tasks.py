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
    from play import DATA, said, shards, tell
    from profcov.store.combine import combine
    from profcov.store.directory import DataDirectory

    before = "anyio._backends._asyncio" in sys.modules  # which anyio imports when it is used first
    async def work():
        return await anyio.to_thread.run_sync(red)
    asyncio.run(profcov.trace("demo")(work)())
    tell([before, shards("demo"), combine(DataDirectory(DATA), "demo").reasons, said])
    """
    assert run_python(source, engine=engine) == [False, ["red"], [], []]


def test_a_loop_that_is_followed_calls_what_others_patch_into_its_class_and_is_itself_again_in_the_end(
    run_python: Callable[..., object],
) -> None:
    source = """
    import asyncio
    import profcov
    from measured import red
    from play import DATA, said, shards, tell
    from profcov.store.combine import combine
    from profcov.recording.propagation import uninstall

    found = []
    async def work():
        asyncio.get_running_loop().call_soon(red)
    async def main():
        loop = asyncio.get_running_loop()
        loop.call_at = own = loop.call_at
        await profcov.trace("demo")(work)()
        original = asyncio.BaseEventLoop.call_soon
        def patched(self, *args, **kwargs):
            found.append("patched")
            return original(self, *args, **kwargs)
        asyncio.BaseEventLoop.call_soon = patched
        loop.call_soon(int)
        asyncio.BaseEventLoop.call_soon = original
        await asyncio.sleep(0)
        uninstall()
        found.append([loop.call_at is own, {"call_soon", "call_later"} & set(vars(loop)) == set(), shards("demo")])
    asyncio.run(main())
    tell(found)
    """
    assert run_python(source) == ["patched", [True, True, ["red"]]]


def test_asyncio_is_followed_though_our_own_module_is_the_first_to_import_it(run_python: Callable[..., object]) -> None:
    source = """
    import os, sys
    before = "asyncio" in sys.modules
    from profcov.recording.propagation import open_recorder
    open_recorder()
    import profcov.recording.propagation.tasks
    import asyncio
    print(f'[{int(before)}, {int(hasattr(asyncio.BaseEventLoop.create_task, "__wrapped__"))}]')
    """
    assert run_python(source) == [False, True]

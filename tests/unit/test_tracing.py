from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import profcov

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Any]


def test_a_block_belongs_to_its_slug(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import profcov
        from measured import *
        from play import *
        slugs = [profcov.current_slug()]
        with profcov.trace("demo") as block:
            slugs.append(profcov.current_slug())
            red()
        slugs.append(profcov.current_slug())
        blue()
        tell([block.status, slugs, shards("demo")])
        """,
        engine=engine,
    ) == ["traced", [None, "demo", None], ["red"]]


def test_blocks_nest(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import profcov
        from measured import *
        from play import *
        slugs = []
        with profcov.trace("outer"):
            red()
            with profcov.trace("inner"):
                slugs.append(profcov.current_slug())
                blue()
            slugs.append(profcov.current_slug())
            green()
        tell([slugs, shards("outer"), shards("inner")])
        """,
        engine=engine,
    ) == [["inner", "outer"], ["green", "red"], ["blue"]]


def test_a_function_belongs_to_its_slug_and_keeps_its_name(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import profcov
        from measured import *
        from play import *
        @profcov.trace("demo")
        def work(one, *, two):
            '''What it does.'''
            return one + red() + two
        answers = [work("<", two=">") for _ in range(2)]
        traced = profcov.trace("direct")(blue)
        traced()
        tell([answers, work.__name__, work.__doc__, shards("demo"), shards("direct")])
        """,
        engine=engine,
    ) == [["<red>", "<red>"], "work", "What it does.", ["red"], ["blue"]]


def test_coroutine_functions_belong_to_their_slugs_while_they_take_turns(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import asyncio, inspect, profcov
        from measured import *
        from play import *
        def make(slug, *functions):
            @profcov.trace(slug)
            async def work():
                slugs = []
                for function in functions:
                    await asyncio.sleep(0)
                    function()
                    await asyncio.sleep(0)
                    slugs.append(profcov.current_slug())
                await pause()
                return set(slugs) == {slug}
            return work
        one, two = make("one", red, late), make("two", blue)
        async def untraced():
            for _ in range(9):
                green()
                await asyncio.sleep(0)
        async def main():
            return await asyncio.gather(one(), untraced(), two(), one())
        answers = asyncio.run(main())
        tell([inspect.iscoroutinefunction(one), answers, shards("one"), shards("two")])
        """,
        engine=engine,
    ) == [True, [True, None, True, True], ["late", "pause", "red"], ["blue", "pause", "red"]]


def test_an_exception_goes_through_and_what_ran_is_kept(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import asyncio, profcov
        from measured import *
        from play import *
        class Mine(Exception): pass
        caught = []
        try:
            with profcov.trace("block"):
                red()
                raise Mine
        except Mine as error:
            caught.append(error.__context__ is None)
        @profcov.trace("function")
        def work():
            blue()
            raise Mine
        try:
            work()
        except Mine:
            caught.append(True)
        @profcov.trace("coroutine")
        async def work():
            green()
            await asyncio.sleep(0)
            raise Mine
        try:
            asyncio.run(work())
        except Mine:
            caught.append(True)
        caught.append(profcov.current_slug())
        tell([caught, shards("block"), shards("function"), shards("coroutine")])
        """,
        engine=engine,
    ) == [[True, True, True, None], ["red"], ["blue"], ["green"]]


def test_one_object_can_be_used_again_inside_itself_and_in_several_threads(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import threading, profcov
        from measured import *
        from play import *
        from profcov.store.combine import combine
        from profcov.store.directory import DataDirectory
        block = profcov.trace("demo")
        slugs = []
        with block:
            red()
            with block:
                blue()
            slugs.append(profcov.current_slug())
            green()
        inside, go_on, done = threading.Event(), threading.Event(), []
        def work():
            with block:
                hold(inside, go_on)
                late()
                done.append(profcov.current_slug())
        thread = threading.Thread(target=work)
        with block:
            with profcov.unbound():
                thread.start()
            inside.wait()
        slugs.append(profcov.current_slug())
        go_on.set()
        thread.join()
        tell([slugs, done, shards("demo"), combine(DataDirectory(DATA), "demo", timeout=0).complete])
        """,
        engine=engine,
    ) == [["demo", None], ["demo"], ["blue", "green", "hold", "late", "red"], True]


def test_a_block_that_a_collection_runs_ends_like_any(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import gc, profcov
        from measured import *
        from play import *
        from profcov.store.combine import combine
        from profcov.store.directory import DataDirectory
        class Knot:
            def __init__(self):
                self.me = self
            def __del__(self):
                profcov.trace("demo")(red)()
        with profcov.trace("demo"):
            green()
        Knot()
        gc.collect()
        blue()
        tell([profcov.current_slug(), set(shards("demo")) - {"red"} == {"green"}, combine(DataDirectory(DATA), "demo", timeout=0).complete])
        """,
        engine=engine,
    ) == [None, True, True]


def test_a_block_that_was_refused_ends_nothing_that_is_around_it(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import profcov
        from measured import *
        from play import *
        from profcov.store.pause import end_pause, pause
        from profcov.store.directory import DataDirectory
        block = profcov.trace("demo")
        seen = []
        with block:
            pause(DataDirectory(DATA))
            recorder.look_around()
            with block:
                seen.append(block.status)
            seen.append(profcov.current_slug())
            red()
        end_pause(DATA)
        tell([seen, profcov.current_slug(), shards("demo")])
        """,
        engine=engine,
    ) == [["disabled; paused", "demo"], None, ["red"]]


def test_a_block_that_is_left_elsewhere_than_it_was_entered_has_ended(run_python: Run, engine: str) -> None:
    slug, lines, reasons = run_python(
        """
        import contextvars, threading, profcov
        from concurrent.futures import ThreadPoolExecutor
        from measured import *
        from play import *
        from profcov.store.combine import combine
        from profcov.store.directory import DataDirectory
        block, other = profcov.trace("demo"), profcov.trace("demo")
        first, second = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        def run(pool, function):  # as frameworks run a dependency that yields
            return pool.submit(contextvars.copy_context().run, function).result()
        run(first, block.__enter__)
        run(first, red)
        with profcov.trace("other"):
            run(second, lambda: (block.__exit__(), green()))
        run(first, blue)
        # One after the other, and not one in the other.
        block.__enter__()
        other.__enter__()
        block.__exit__()
        other.__exit__()
        late()
        assert shards("other") == ["green"]
        tell([profcov.current_slug(), shards("demo"), combine(DataDirectory(DATA), "demo", timeout=0).reasons])
        """,
        engine=engine,
    )
    assert slug is None
    if engine == "monitoring":
        assert (lines, reasons) == (["red"], [])
    else:  # what its thread runs from then on is there, too, and that is said
        assert (lines, reasons) == (["blue", "red"], ["unfollowed"])


def test_what_strikes_while_a_block_begins_ends_it(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import sys, profcov
        from measured import *
        from play import *
        from profcov.store.combine import combine
        from profcov.store.directory import DataDirectory
        class Mine(Exception): pass
        def strike(frame, event, _):
            if event == "return" and frame.f_code.co_name == "enter_context":
                raise Mine
        with profcov.trace("demo"):
            red()
        block = profcov.trace("demo")
        sys.setprofile(strike)
        try:
            with block:
                blue()
        except Mine:
            green()
        sys.setprofile(None)
        tell([profcov.current_slug(), shards("demo"), combine(DataDirectory(DATA), "demo", timeout=0).complete])
        """,
        engine=engine,
    ) == [None, ["red"], True]


@pytest.mark.parametrize("slug", ["", "../etc", "a.coverage"])
def test_what_is_no_slug_runs_unmeasured_and_says_so(run_python: Run, slug: str) -> None:
    assert run_python(
        f"""
        import asyncio, profcov
        from measured import *
        from play import *
        with profcov.trace({slug!r}) as block:
            answers = [red(), profcov.trace({slug!r})(blue)(), asyncio.run(profcov.trace({slug!r})(pause)())]
        tell([block.status, answers, profcov.current_slug(), DATA.exists()])
        """
    ) == ["rejected; invalid slug", ["red", "blue", "red"], None, False]


def test_where_it_is_off_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENABLE_PROFILE_COVERAGE", raising=False)
    monkeypatch.setattr("profcov.settings._of_process", [])  # whatever this process has read
    with profcov.trace("demo") as block:
        assert profcov.current_slug() is None
    assert block.status == "disabled"

    @profcov.trace("demo")
    def work() -> int:
        return 1

    assert work() == 1


def test_a_block_in_a_coroutine_is_measured_where_the_engine_can_and_refused_where_it_cannot(
    run_python: Run, engine: str
) -> None:
    status, answer, lines, log = run_python(
        """
        import asyncio, profcov
        from measured import *
        from play import *
        async def work():
            with profcov.trace("demo") as block:
                await asyncio.sleep(0)
                answer = red()
            return block.status, answer
        async def untraced():
            for _ in range(5):
                blue()
                await asyncio.sleep(0)
        async def main():
            return (await asyncio.gather(work(), untraced()))[0]
        tell([*asyncio.run(main()), shards("demo"), len(said)])
        """,
        engine=engine,
    )
    assert answer == "red"
    if engine == "monitoring":
        assert (status, lines, log) == ("traced", ["red"], 0)
    else:
        assert (status, lines, log) == ("unsupported; a block inside a coroutine", [], 1)


def test_a_plugin_that_is_not_installed_is_reported_once_and_recording_goes_on(run_python: Run, tmp_path: Path) -> None:
    (tmp_path / "plugged.ini").write_text("[run]\ninclude = */measured.py\nplugins = not_there\n")
    program = """
    import json, os, profcov
    os.environ["PROFILE_COVERAGE_CONFIG"] = "plugged.ini"
    import measured
    statuses = []
    for slug in ("one", "two"):
        with profcov.trace(slug) as trace:
            measured.red()
        statuses.append(trace.status)
    print(json.dumps(statuses))
    """
    said = "names a plugin that is not installed here, not_there: this process records without it"
    assert run_python(program, stderr=said) == ["traced", "traced"]
    assert len(list((tmp_path / "data" / "state" / "shards").iterdir())) == 2

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]


def test_every_reader_of_the_context_means_the_same_unit(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import contextvars, threading
        import profcov
        from measured import *
        from play import *
        from profcov.recording.propagation import open_recorder
        open_recorder()
        slugs, kept = [], []
        def ask():
            slugs.append(profcov.current_slug())
        def elsewhere(function):
            (kept[0] if kept else contextvars.Context()).run(function)
        def look():
            ask()
            with profcov.unbound():
                ask()
                contextvars.Context().run(ask)
            thread = threading.Thread(target=lambda: (ask(), red()))
            thread.start()
            thread.join()
            bound.append(profcov.bind(blue))
        bound = []
        for slug in ("a", "b"):
            with profcov.trace(slug):
                elsewhere(look)
                kept or kept.append(contextvars.copy_context())
            elsewhere(ask)
        kept[0].run(bound[1])
        bound[0]()
        tell([slugs, shards("a"), shards("b")])
        """,
        engine=engine,
    ) == [
        ["a", None, None, "a", None, "b", None, None, "b", None],
        ["blue", "red"],
        ["blue", "red"],
    ]


def test_what_is_imported_in_a_kept_context_belongs_to_no_unit_and_its_context_keeps_nothing(
    run_python: Run, engine: str, tmp_path: Any
) -> None:
    (tmp_path / "fresh.py").write_text(
        "import contextvars\nimport measured\nmeasured.red()\nKEPT = contextvars.copy_context()\n"
    )
    assert run_python(
        """
        import contextvars
        from measured import *
        from play import *
        late = contextvars.copy_context()
        play("first", lambda: late.run(__import__, "fresh"), blue)
        import fresh
        play("second", lambda: fresh.KEPT.run(green))
        tell([shards("first"), shards("second")])
        """,
        engine=engine,
    ) == [["blue"], ["green"]]


def test_a_forked_child_goes_on_in_contexts_that_its_parent_has_made(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import contextvars, os
        from measured import *
        from play import *
        def work():
            context = contextvars.copy_context()
            pid = os.fork()
            if not pid:
                context.run(red)
                contextvars.Context().run(blue)
                os._exit(0)
            os.waitpid(pid, 0)
        from profcov.recording.propagation import open_recorder
        open_recorder()
        play("demo", work)
        tell(shards("demo"))
        """,
        engine=engine,
    ) == ["blue", "red"]


def test_a_time_limit_that_falls_due_during_a_collection_reaches_the_application(run_python: Run, engine: str) -> None:
    """What a callback of the collector raises is swallowed: ours are C's, so that no handler runs in one."""
    assert run_python(
        """
        import gc, signal, sys
        from measured import *
        from play import *
        recorder.warm_up()
        dropped, collections = [], []
        sys.unraisablehook = dropped.append
        class Limit(Exception): pass
        def strike(*_): raise Limit
        signal.signal(signal.SIGALRM, strike)
        def collect():
            gc.collect()
            red()
        litter = [[] for _ in range(300000)]
        for each in litter: each.append(each)
        def strike_inside():
            signal.setitimer(signal.ITIMER_REAL, 0.0005)
            gc.collect()
        reached = 0
        for _ in range(20):
            try:
                play("demo", strike_inside)
                while True: pass
            except Limit:
                reached += 1
        frames = []
        sys.setprofile(lambda frame, event, _: frames.append(event) if event == "call" else None)
        gc.collect()
        sys.setprofile(None)
        play("demo", collect)
        tell([reached, len(dropped), frames, shards("demo"), said])
        """,
        engine=engine,
    ) == [20, 0, [], ["red"], []]


def test_steps_and_scopes_go_without_the_garbage_collector(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import gc, weakref
        from measured import *
        from play import *
        from profcov.recording.context import find_scope
        gc.disable()
        scopes = []
        def look():
            red()
            scopes.append(weakref.ref(find_scope()))
        play("demo", look)
        tell([scope() is None for scope in scopes])
        """,
        engine=engine,
    ) == [True]

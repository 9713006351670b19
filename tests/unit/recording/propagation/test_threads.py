"""Threads of a unit run under its slug, whatever starts them, and their units end with them, whatever ends them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

START = """
    import _thread, gc, sys, threading
    import profcov
    from play import shards, tell
    from measured import blue, green, late, red
    live = lambda: dict(profcov.engine_status().live)
    profcov.trace("warm-up")(red)()
    threading.excepthook = sys.unraisablehook = lambda args: failures.append(type(args.exc_value).__name__)
    failures = []
"""


def test_a_thread_runs_under_its_slug_whatever_starts_it(run_python: Callable[..., object], engine: str) -> None:
    source = """
    class Own(threading.Thread):
        def run(self):
            blue()
    done = threading.Event()
    def last(word, *, mark):
        mark((word, green())[0])
    marks = []
    with profcov.trace("demo"):
        threads = [threading.Thread(target=red), Own(daemon=True), threading.Timer(0.001, lambda: late())]
        for thread in threads:
            thread.start()
            thread.join()
        ident = _thread.start_new_thread(last, ("word",), {"mark": lambda word: (marks.append(word), done.set())})
        assert done.wait(60)
    while live():  # a thread of _thread's is joined by nobody
        pass
    threading.Thread(target=lambda: None).start()
    tell([shards("demo"), marks, type(ident).__name__, failures])
    """
    expected = [["blue", "green", "late", "red"], ["word"], "int", []]
    assert run_python(START + source, engine=engine) == expected


def test_a_unit_ends_with_its_thread_whatever_kills_it(run_python: Callable[..., object], engine: str) -> None:
    """Before it has come to its work: a patch on top that raises, a ``run`` of the instance's, a start that fails."""
    source = """
    def fail(*args):
        raise ValueError("a patch on top")
    class Started(threading.Thread):
        _bootstrap_inner = lambda self: (self._started.set(), fail())

    with profcov.trace("demo"):
        one = threading.Thread(target=red)
        one.run = lambda *args: fail()
        one.start()
        one.join()
        Started().start()
        threading.Thread(target=lambda: sys.exit()).start()
        _thread.start_new_thread(fail, ())
        threading.stack_size(1 << 46)
        for start in (threading.Thread(target=red).start, lambda: _thread.start_new_thread(red, ())):
            try:
                start()
            except RuntimeError as error:
                failures.append(str(error)[:22])
        threading.stack_size(0)
        for words in ((None, ()), (red, None), (red,), (), (red, (), None)):
            try:
                _thread.start_new_thread(*words)
            except TypeError as error:
                failures.append("TypeError")
    while live() or len(failures) < 11:  # threads of _thread's are joined by nobody
        pass
    tell([sorted(failures), shards("demo")])
    """
    told = run_python(START + source, engine=engine)
    assert told == [["SystemExit", *["TypeError"] * 5, *["ValueError"] * 3, *["can't start new thread"] * 2], []]


def test_work_that_is_handed_on_and_dropped_keeps_no_reader_waiting(run_python: Callable[..., object]) -> None:
    source = """
    from concurrent.futures import ThreadPoolExecutor
    go_on = threading.Event()
    def wait_for(units):
        while live().get("demo", 0) != units:  # what finalizers find, another thread ends
            pass
    with profcov.trace("demo"):
        bound = profcov.bind(red)
        pool = ThreadPoolExecutor(1)
        pool.submit(go_on.wait, 60)
        waiting = [pool.submit(red) for _ in range(3)]
        wait_for(6)
        waiting[0].cancel()
        wait_for(5)
    pool.shutdown(wait=False, cancel_futures=True)
    wait_for(2)
    go_on.set()
    pool.shutdown()
    wait_for(1)
    del bound
    wait_for(0)
    tell("all")
    """
    assert run_python(START + source) == "all"


def test_a_thread_that_has_ended_keeps_nothing_alive(run_python: Callable[..., object]) -> None:
    source = """
    import weakref
    class Payload:
        def work(self):
            red()
    gc.disable()
    payload = Payload()
    with profcov.trace("demo"):
        thread = threading.Thread(target=payload.work)
        thread.start()
        thread.join()
    alive = [weakref.ref(payload), weakref.ref(thread)]
    del payload, thread
    tell([each() is None for each in alive])
    """
    assert run_python(START + source) == [True, True]


def test_threads_that_serve_everybody_are_no_units(run_python: Callable[..., object]) -> None:
    """Started by whichever request comes first: a library's that carries contexts with each piece of work, and our own."""
    source = """
    import types
    go_on = threading.Event()
    wait = lambda gate: gate.wait(60)
    made = types.FunctionType(wait.__code__, {"__name__": "profcov.made_up"})
    class Worker(threading.Thread):
        __module__ = "anyio.made_up"
    lives = []
    with profcov.trace("demo"):
        _thread.start_new_thread(made, (go_on,))
        Worker(target=wait, args=(go_on,), daemon=True).start()
        lives.append(live())
        _thread.start_new_thread(wait, (go_on,))
        lives.append(live())
    go_on.set()
    tell(lives)
    """
    assert run_python(START + source) == [{"demo": 1}, {"demo": 2}]

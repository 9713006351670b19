"""What a unit hands over by a queue to a worker that no unit started."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

FOLLOW = {"engine": "monitoring", "PROFILE_COVERAGE_FOLLOW_QUEUES": "1"}
only_monitoring = pytest.mark.skipif(sys.version_info < (3, 12), reason="only the monitoring engine follows queues")

# The worker's loop is in a measured file: `include` has the directory of the test.
WORKERS = """
import asyncio, logging.handlers, queue, threading
import profcov
from measured import *

slugs = []

def tell_slug():
    slugs.append(profcov.current_slug())

def get(items):
    return items.get_nowait()

class Task:
    def __call__(self):
        blue()

def serve(items, done):
    while True:
        item = items.get()
        if item is None:
            return
        item()
        done.set()

def work(pool, go_on):
    go_on.wait()
    red()
    lent = pool.get()
    blue()
    pool.put(lent)
    green()

async def work_in_task(pool):
    red()
    lent = await pool.get()
    blue()
    pool.put_nowait(lent)
    green()

async def serve_calls(items):
    while True:
        function, argument, finished = await items.get()
        if function is None:
            late()
        else:
            await function(argument)
        finished.set()

async def serve_tasks(items, done):
    while True:
        item = await items.get()
        item()
        done.set()
"""
BEGIN = """
import asyncio, functools, queue, sys, threading
from profcov.store.combine import combine as profcov_combine
from profcov.store.directory import DataDirectory
from measured import *
from play import *
sys.path.insert(0, str(DATA.parent / "app"))
import profcov
from profcov.recording.propagation import open_recorder
open_recorder()
import workers

def combine(slug="demo"):
    made = profcov_combine(DataDirectory(DATA), slug, timeout=60)
    return [sorted({*seen.in_file(made.path)} & {"red", "blue", "green", "late"}), list(made.reasons)]

import seen
items, done = queue.Queue(), threading.Event()
worker = threading.Thread(target=workers.serve, args=(items, done))
worker.start()

def hand(function):
    done.clear()
    items.put(function)
    done.wait()
"""


@pytest.fixture
def run(run_python: Run, tmp_path: Any) -> Run:
    app = tmp_path / "app"
    app.mkdir()
    (app / "workers.py").write_text(WORKERS)
    config = tmp_path / "both.ini"

    def run(source: str, **environ: str) -> Any:
        config.write_text(f"[run]\ninclude =\n    {app}/*.py\n    */measured.py\n")
        return run_python(BEGIN + source, PROFILE_COVERAGE_CONFIG=str(config), **environ)

    return run


def test_work_that_is_not_followed_is_reported_and_bound_work_is_followed(run: Run, engine: str) -> None:
    assert run(
        """
play("demo", red, lambda: hand(blue))
first = combine()
play("demo", red, lambda: hand(profcov.bind(blue)))
items.put(None)
worker.join()
tell([first, combine(), len(said)])
""",
        engine=engine,
    ) == [[["red"], ["handed-over"]], [["blue", "red"], []], 1]


@only_monitoring
def test_work_is_followed_where_the_setting_says_so_and_untraced_work_belongs_to_no_unit(run: Run) -> None:
    assert run(
        """
for _ in range(3):
    play("demo", red, lambda: hand(blue))
    play("other", lambda: hand(green))
    hand(late)  # nobody's
items.put(None)
worker.join()

async def main():
    tasks, finished = asyncio.Queue(), asyncio.Event()
    serving = asyncio.create_task(workers.serve_tasks(tasks, finished))
    unit = recorder.begin("tasks")
    with unit.step():
        tasks.put_nowait(red)
        await finished.wait()
    unit.end()
    finished.clear()
    await tasks.put(late)
    await finished.wait()
    serving.cancel()

asyncio.run(main())
tell([combine(), combine("other"), combine("tasks"), said])
""",
        **FOLLOW,
    ) == [[["blue", "red"], []], [["green"], []], [["red"], []], []]


OF_A_UNIT = """
items.put(None)
worker.join()
items = queue.Queue()
taken, go_on = [], threading.Event()

def start():
    worker = threading.Thread(target=workers.serve, args=(items, done), daemon=True)
    worker.start()

play("demo", start, lambda: hand(red))
play("other", lambda: hand(blue))
hand(green)  # nobody's
play("demo", lambda: hand(late))
items.put(None)
[each.join() for each in threading.enumerate() if getattr(each, "_target", None) is workers.serve]
play("other", red)
tell([combine(), combine("other")])
"""


@pytest.mark.parametrize("follow", ["0", "1"])
def test_a_worker_that_a_unit_has_started_does_what_others_hand_it_for_those_or_for_no_unit(
    run: Run, engine: str, follow: str
) -> None:
    demo, other = run(OF_A_UNIT, engine=engine, PROFILE_COVERAGE_FOLLOW_QUEUES=follow)
    if engine == "ctrace":  # it cannot part them, and says so
        assert (demo[1], other) == (["handed-over"], [["red"], ["handed-over"]])
        return
    assert demo == [["late", "red"], []]
    assert other == ([["blue", "red"], []] if follow == "1" else [["red"], ["handed-over"]])


def test_a_worker_that_a_unit_has_started_and_that_takes_anothers_messages_makes_both_artifacts_say_so(
    run: Run, engine: str
) -> None:
    source = OF_A_UNIT.replace("lambda: hand(blue)", "green, lambda: hand(workers.Task())")
    demo, other = run(source.replace("hand(green)", "hand(workers.Task())"), engine=engine)
    assert demo == [["blue", "late", "red"], ["handed-over"]]
    assert other == [["green", "red"], ["handed-over"]]


def test_what_is_lent_and_what_libraries_take_is_no_work(run: Run) -> None:
    assert run(
        """
import logging, logging.handlers
pool = queue.Queue()
pool.put(object())

def borrow():
    lent = pool.get()
    red()
    pool.put(lent)

records = queue.Queue()
listener = logging.handlers.QueueListener(records)
listener.start()
logger = logging.getLogger("application")
logger.addHandler(logging.handlers.QueueHandler(records))
play("demo", borrow, lambda: logger.warning("something"))
borrow()
listener.stop()
items.put(None)
worker.join()
tell([combine(), said])
"""
    ) == [[["red"], []], []]


# Nobody's, a profile's, nobody's, another's, and the first one's again: all are one and the same function.
ONE_FUNCTION = """
items.put(None)
worker.join()

def put(items, slugs):
    def put_one():
        red()
        items.put_nowait(workers.tell_slug)
    for slug in slugs:
        play(slug, put_one) if slug else put_one()

def serve(kind):
    workers.slugs.clear()
    items = kind()
    put(items, [None, "one", None, "two", "one"])
    while not items.empty():
        workers.get(items)()
    try:
        items.get_nowait()  # asks for the next one
    except (queue.Empty, asyncio.QueueEmpty):
        return workers.slugs[:]

class Own(queue.Queue):
    def _get(self):  # in an order of its own
        return self.queue.pop()

async def serve_tasks(kind):
    return serve(kind)
"""


@only_monitoring
def test_a_function_that_several_have_put_belongs_to_each_in_its_turn(run: Run) -> None:
    first_in, last_in = [None, "one", None, "two", "one"], ["one", "two", None, "one", None]
    assert run(
        ONE_FUNCTION
        + """
found = [serve(queue.Queue), serve(queue.LifoQueue)]
found += [asyncio.run(serve_tasks(asyncio.Queue)), asyncio.run(serve_tasks(asyncio.LifoQueue))]
tell([found, combine("one")[1], combine("two")[1], profcov.current_slug()])
""",
        **FOLLOW,
    ) == [[first_in, last_in, first_in, last_in], [], [], None]


@only_monitoring
@pytest.mark.parametrize("kind", ["queue.PriorityQueue", "Own"])
def test_where_the_order_is_not_known_nothing_is_followed_and_that_is_reported(run: Run, kind: str) -> None:
    assert run(
        ONE_FUNCTION
        + f"""
class Item(tuple):
    def __call__(self):
        self[0]()
    def __lt__(self, other):
        return False
workers.tell_slug = Item([workers.tell_slug])
tell([serve({kind}), combine("one")[1], combine("two")[1]])
""",
        **FOLLOW,
    ) == [[None] * 5, ["handed-over"], ["handed-over"]]


@only_monitoring
def test_where_a_queue_was_emptied_by_hand_nothing_is_followed_and_that_is_reported(run: Run) -> None:
    assert run(
        ONE_FUNCTION
        + """
class Batches(queue.Queue):
    def _get(self):
        taken = list(self.queue)
        self.queue.clear()
        return taken
cleared, batches = queue.Queue(), Batches()
put(cleared, ["one", "one"])
cleared.queue.clear()
put(cleared, [None, None])
for _ in range(2):
    workers.get(cleared)()
put(batches, ["two", None])
for each in workers.get(batches):
    each()
tell([workers.slugs, combine("one")[1], combine("two")[1]])
""",
        **FOLLOW,
    ) == [[None] * 4, ["handed-over"], ["handed-over"]]


def test_messages_that_are_one_object_or_have_the_address_of_an_earlier_one_are_reported(run: Run) -> None:
    assert (
        run(
            """
class Message:
    def __call__(self):
        return None

def replace_the_oldest():
    work.put(Message())
    work.get()
    work.put(Message())

work = queue.Queue()
for slug in ("one", "two"):
    play(slug, red, lambda: work.put("refresh"))
for _ in range(2):
    workers.get(work)
play("three", red, replace_the_oldest)
workers.get(work)
items.put(None)
worker.join()
tell([combine(slug) for slug in ("one", "two", "three")])
"""
        )
        == [[["red"], ["handed-over"]]] * 3
    )


LIBRARY = """
import queue, threading

class Pool:
    def __init__(self):
        self.items = queue.Queue()
        threading.Thread(target=self.run, daemon=True).start()
    def run(self):
        while True:
            function, done = self.items.get()
            function()
            done.set()
    def submit(self, function):
        done = threading.Event()
        self.items.put((function, done))
        return done
"""
USE_LIBRARY = """
(DATA.parent / "library.py").write_text(LIBRARY)
import functools, library
pool = library.Pool()
def submit(function):
    pool.submit(function).wait()
plain = lambda: submit(red)
wrapped = lambda: submit(functools.partial(functools.wraps(green)(lambda: green())))
callable = lambda: submit(workers.Task())
for slug, work in (("one", plain), ("two", wrapped), ("three", callable)):
    play(slug, late, work)
submit(print)
items.put(None)
worker.join()
tell([combine(slug) for slug in ("one", "two", "three")])
"""


def test_a_librarys_worker_that_runs_a_function_of_the_applications_is_reported(run: Run, engine: str) -> None:
    said = [["late"], ["handed-over"]]
    assert run(f"LIBRARY = {LIBRARY!r}\n{USE_LIBRARY}", engine=engine) == [said, said, said]


@only_monitoring
def test_a_librarys_worker_is_followed_but_not_with_an_instance(run: Run) -> None:
    assert run(f"LIBRARY = {LIBRARY!r}\n{USE_LIBRARY}", **FOLLOW) == [
        [["late", "red"], []],
        [["green", "late"], []],
        [["late"], ["handed-over"]],
    ]


@only_monitoring
def test_work_is_followed_after_its_unit_has_ended_and_to_the_next_item_of_the_same_queue(run: Run) -> None:
    assert run(
        """
pool, go_on = queue.LifoQueue(), threading.Event()
pool.put(object())
play("demo", lambda: items.put(functools.partial(workers.work, pool, go_on)))
go_on.set()
done.wait()
hand(late)
items.put(None)
worker.join()

async def main():
    items, pool = asyncio.Queue(), asyncio.LifoQueue()
    pool.put_nowait(object())
    serving = asyncio.create_task(workers.serve_calls(items))
    async def hand(function):
        finished = asyncio.Event()
        await items.put((function, pool, finished))
        await finished.wait()
    unit = recorder.begin("tasks")
    await unit.wait(hand(workers.work_in_task))
    unit.end()
    await hand(None)
    serving.cancel()

asyncio.run(main())
tell([combine(), combine("tasks"), said])
""",
        **FOLLOW,
    ) == [[["blue", "green", "red"], []], [["blue", "green", "red"], []], []]


@only_monitoring
def test_a_callback_of_a_loop_and_who_has_a_slug_follow_no_unit_and_that_is_reported(run: Run) -> None:
    assert run(
        """
async def main():
    items, finished = asyncio.Queue(), asyncio.Event()
    play("one", late, lambda: items.put_nowait(red))
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: workers.get(items)())
    loop.call_soon(green)
    loop.call_soon(finished.set)
    await finished.wait()

asyncio.run(main())
work = queue.Queue()
play("two", late, lambda: work.put(blue))
play("three", green, lambda: workers.get(work)())
items.put(None)
worker.join()
tell([combine("one"), combine("two"), combine("three")])
""",
        **FOLLOW,
    ) == [[["late"], ["handed-over"]], [["late"], ["handed-over"]], [["blue", "green"], []]]


@only_monitoring
def test_what_a_unit_has_put_into_a_pool_is_not_its_work(run: Run) -> None:
    assert run(
        """
class Connection:
    pass

def use(pool, function):
    try:
        connection = workers.get(pool)
    except queue.Empty:
        connection = Connection()
    function()
    pool.put(connection)

pool, begun = queue.LifoQueue(), []
play("demo", lambda: use(pool, red))
unit = recorder.begin("demo")
with unit.step(), profcov.unbound():
    untraced = threading.Thread(target=use, args=(pool, blue))
    untraced.start()
    untraced.join()
unit.end()
made = profcov_combine(DataDirectory(DATA), "demo", timeout=0)  # nobody is waited for
play("demo", lambda: use(pool, red))
use(pool, green)  # it has come back: it is lent
items.put(None)
worker.join()
tell([made.reasons, combine()])
""",
        **FOLLOW,
    ) == [["handed-over"], [["red"], []]]


@only_monitoring
def test_nothing_is_kept_that_the_queue_does_not_keep_and_who_goes_away_is_not_waited_for(run: Run) -> None:
    assert run(
        """
import gc, weakref
class Message:
    pass

def put(*parts):
    item = Message()
    kept.append(weakref.ref(item))
    items = queue.Queue()
    items.put((*parts, item))
    return items

def forget(items):
    items.get()

kept, thread = [], threading.Thread(target=lambda: items.get())
play("demo", red, lambda: put(blue))  # nobody takes it, and the queue is gone
play("demo", lambda: forget(put(blue)))
queues = []
play("demo", lambda: queues.append(put(blue)))
ending = threading.Thread(target=forget, args=(queues[0],))  # it takes an item and never asks again
ending.start()
ending.join()
gc.collect()
recorder.tidy()
made = profcov_combine(DataDirectory(DATA), "demo", timeout=0)
items.put(None)
worker.join()
tell([[ref() for ref in kept], made.reasons])
""",
        **FOLLOW,
    ) == [[None] * 3, []]

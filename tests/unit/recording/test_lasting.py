"""What lasts: lines and their completeness while directories move, descriptors vanish, threads linger and locks are held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from profcov.recording.engine.builds import is_free_threaded

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

BEGIN = """
import json, os, shutil, subprocess, sys, threading, time
import seen
from measured import *
from play import *

def combine(slug="demo", timeout=10):
    words = [sys.executable, "-m", "profcov", "combine", slug, "--timeout", str(timeout)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode not in {0, 1}:
        return done.stderr
    facts = json.loads((DATA / f"{slug}.profile.json").read_text())
    return [sorted(seen.in_file(DATA / f"{slug}.coverage")), facts["reasons"]]

def wait(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)

"""

# A thread that a unit leaves behind runs one function, and a second one once `go_on` is set.
DAEMON = """
import profcov
go_on, done = threading.Event(), threading.Event()

def serve():
    red()
    go_on.wait()
    blue()
    done.set()

with profcov.trace("demo"):
    threading.Thread(target=serve, daemon=True).start()
"""


def test_after_the_data_directory_was_moved_the_next_night_is_complete(run_python: Run, engine: str) -> None:
    assert run_python(
        BEGIN
        + """
play("demo", red, blue)
play("other", red)
DATA.rename(DATA.with_name("night-1"))
statuses = [play("demo", red), play("other", green), play("demo", red)]
tell([statuses, combine(), combine("other"), sorted(seen.in_shards(DATA.with_name("night-1"), "demo"))])
""",
        engine=engine,
    ) == [["traced"] * 3, [["red"], []], [["green"], []], ["blue", "red"]]


def test_a_unit_that_is_under_way_while_the_directory_is_moved_or_removed_is_whole_in_the_new_one(
    run_python: Run, engine: str
) -> None:
    told = run_python(
        BEGIN
        + """
told = []
for take_away in (lambda: DATA.rename(DATA.with_name("night-1")), lambda: shutil.rmtree(DATA)):
    unit = recorder.begin("demo")
    run(unit, red)
    unit.flush()
    take_away()
    play("other", late)  # another slug notices first
    run(unit, blue)
    unit.flush()
    still = combine(timeout=0)
    run(unit, green)
    unit.end()
    told += ["still has work in flight" in still, combine(), combine("other")]
    play("demo", red)
    told.append(combine())
tell(told)
""",
        engine=engine,
    )
    assert told == [True, [["blue", "green", "red"], ["directory-moved"]], [["late"], []], [["red"], []]] * 2


@pytest.mark.parametrize(("owner", "name"), [("unit.book.traces", "unsettle"), ("unit.book", "miss")])
def test_a_time_limit_that_strikes_when_the_new_directory_was_found_loses_nothing(
    run_python: Run, engine: str, owner: str, name: str
) -> None:
    assert run_python(
        BEGIN
        + """
unit = recorder.begin("demo")
run(unit, red)
unit.flush()
shutil.rmtree(DATA)
run(unit, green)
"""
        + f"owner, name = type({owner}), {name!r}\n"
        + """
original = getattr(owner, name)
def strike(*args):
    setattr(owner, name, original)
    raise KeyboardInterrupt
setattr(owner, name, strike)
try:
    unit.flush()
except KeyboardInterrupt:
    unit.flush()
found = shards("demo")
unit.end()
tell([found, combine()])
""",
        engine=engine,
    ) == [["green", "red"], [["green", "red"], ["directory-moved"]]]


def test_a_unit_under_way_when_the_directory_was_removed_is_written_by_itself_in_the_new_one(
    run_python: Run, engine: str
) -> None:
    found = run_python(
        BEGIN
        + """
unit = recorder.begin("demo")
run(unit, red)
unit.flush()
shutil.rmtree(DATA)
play("demo", blue)  # in a book of its own
run(unit, green)
recorder.flush_all()
tell(shards("demo"))
run(unit, late)  # and so is this, when the process ends
""",
        engine=engine,
    )
    assert found == ["blue", "green", "red"]
    assert run_python(BEGIN + "tell(combine())") == [["blue", "green", "late", "red"], ["directory-moved"]]


def test_two_first_units_that_begin_at_once_are_written_by_themselves(run_python: Run, engine: str) -> None:
    found = run_python(
        BEGIN
        + """
from profcov.recording.book import Book
play("other", red)
begin, begun, go_on = Book.begin, threading.Event(), threading.Event()

def begin_late(*args):
    made = begin(*args)
    if threading.current_thread() is not threading.main_thread():
        begun.set()
        go_on.wait()
    return made

Book.begin = begin_late
units = []
thread = threading.Thread(target=lambda: units.append(recorder.begin("demo")))
thread.start()
begun.wait()
units.append(recorder.begin("demo"))
go_on.set()
thread.join()
for unit, function in zip(units, [red, blue]):
    run(unit, function)
recorder.flush_all()
tell(shards("demo"))
for unit, function in zip(units, [green, late]):
    run(unit, function)  # and so is this, when the process ends
""",
        engine=engine,
    )
    assert found == ["blue", "red"]
    assert run_python(BEGIN + "tell(combine())") == [["blue", "green", "late", "red"], []]


def test_a_child_that_closes_all_descriptors_keeps_its_own_files_and_is_not_taken_for_dead(
    run_python: Run, engine: str
) -> None:
    assert run_python(
        BEGIN
        + """
import warnings
from profcov.recording.propagation import open_recorder
open_recorder()  # threads follow
warnings.simplefilter("ignore", DeprecationWarning)  # of fork, by 3.12, where threads run
TEXT = b"the application's own" * 40
own = [DATA.with_name(f"own-{number}") for number in range(24)]

def daemonise():
    child = os.fork()
    if child == 0:
        os.closerange(3, 512)
        files = [open(path, "wb+", buffering=0) for path in own]
        for file in files:
            file.write(TEXT)
        red()
        thread = threading.Thread(target=blue)
        thread.start()
        thread.join()
        recorder.flush_all()
        for file in files:
            file.close()
        sys.exit(0)
    os.waitpid(child, 0)

play("demo", daemonise)
tell([{path.read_bytes() == TEXT for path in own} == {True}, combine()])
""",
        engine=engine,
    ) == [True, [["blue", "red"], []]]


def test_a_daemon_thread_that_runs_nothing_measured_keeps_no_reader_waiting(run_python: Run, engine: str) -> None:
    assert run_python(
        BEGIN
        + DAEMON
        + """
first = combine()
go_on.set()
done.wait()
tell(first)
""",
        engine=engine,
    ) == [["red"], []]


def test_what_work_runs_after_its_profile_was_combined_is_reported_by_the_next_artifact(
    run_python: Run, engine: str
) -> None:
    assert run_python(
        BEGIN
        + DAEMON
        + """
made = [combine()]
go_on.set()
done.wait()
recorder.flush_all()
for _ in range(2):
    play("demo", green)
    recorder.flush_all()
    made.append(combine())
tell([*made, len(said)])
""",
        engine=engine,
    ) == [[["red"], []], [["green"], ["work-unfinished"]], [["green"], []], 1]


def test_units_beyond_some_hundreds_share_a_row_and_readers_wait_for_the_last_of_them(run_python: Run) -> None:
    sizes, early, made = run_python(
        BEGIN
        + """
from profcov.recording.place import MAX_OWN_ROWS
from profcov.store.holders import list_in_flight
sizes = []
for _ in range(3):
    units = [recorder.begin("demo") for _ in range(3 * MAX_OWN_ROWS)]
    run(units[-1], red)
    for unit in units[:-1]:
        unit.end()
    early = combine(timeout=0)
    run(units[-1], blue)
    units[-1].end()
    sizes.append(sum(path.stat().st_size for path in (DATA / "state" / "processes").iterdir()) // 256)
    wait(lambda: not list_in_flight(DATA, "demo"))
tell([sizes, early, combine()])
"""
    )
    assert max(sizes) <= sizes[0] + 1  # the row that is shared is given back a moment after readers see it free
    assert sizes[0] < 250
    assert "still has work in flight" in early
    assert made == [["blue", "red"], []]


def test_a_thread_that_goes_on_for_ever_is_waited_for_a_while_and_then_reported(run_python: Run, engine: str) -> None:
    early, made = run_python(
        BEGIN
        + """
import profcov
import profcov.recording.lingering as lingering

def work():
    while True:
        red()

with profcov.trace("demo"):
    threading.Thread(target=work, daemon=True).start()
early = combine(timeout=1)
lingering.LINGER_SECONDS = 1.5
made = []
wait(lambda: made.append(combine(timeout=0)) or "work in flight" not in made[-1])
tell([early, made[-1]])
""",
        engine=engine,
    )
    assert "still has work in flight" in early
    assert made == [["red"], ["work-unfinished"]]


TASK = """
import asyncio
import profcov
import profcov.recording.lingering as lingering
from profcov.recording.propagation import open_recorder
open_recorder()

def serve(seconds):
    async def main():
        task = asyncio.create_task(poll(seconds))
        await asyncio.sleep(0)
        return task

    async def forever():
        task = await profcov.trace("demo")(main)()
        await task

    threading.Thread(target=asyncio.run, args=(forever(),), daemon=True).start()
    wait(lambda: shards("demo"))

"""


@pytest.mark.parametrize(("seconds", "reasons"), [(0.05, ["work-unfinished"]), (60, [])], ids=["at work", "idle"])
def test_a_task_is_waited_for_a_while_and_then_reported_if_it_is_at_work(
    run_python: Run, engine: str, seconds: float, reasons: list[str]
) -> None:
    early, made = run_python(
        BEGIN
        + TASK
        + f"""
serve({seconds})
early = combine(timeout=1)
lingering.LINGER_SECONDS = 1.5
made = []
wait(lambda: made.append(combine(timeout=0)) or "work in flight" not in made[-1])
tell([early, made[-1]])
""",
        engine=engine,
    )
    assert "still has work in flight" in early
    if is_free_threaded():  # where frames of other threads are not read, a task that still runs may be at work
        reasons = ["work-unfinished"]
    assert made == [["poll", "red"], reasons]


def test_a_reader_sees_work_at_every_moment_while_it_becomes_work_that_may_run_for_ever(run_python: Run) -> None:
    """Also if readers keep others out just then: they see what is in flight at their next look."""
    assert run_python(
        BEGIN
        + """
import profcov
import profcov.recording.lingering as lingering
from profcov.recording.book import Book
from profcov.store.holders import list_in_flight, list_notes
from profcov.store.layout import lock_path
join, found = Book.join, []

def join_beside_a_reader(*args, **options):
    if options.get("kind") != "~":
        return join(*args, **options)
    found.append(len(list_in_flight(DATA, "demo")))
    with lock_path(DATA, "demo").open("r+b", buffering=0) as file:
        os.pwrite(file.fileno(), b"1", 20)
        place = join(*args, **options)
        os.pwrite(file.fileno(), b"0", 20)
    found.append(place and "place")
    Book.join = join
    return place

def work():
    while True:
        red()

Book.join = join_beside_a_reader
lingering.LINGER_SECONDS = 0
with profcov.trace("demo"):
    threading.Thread(target=work, daemon=True).start()
wait(lambda: found[1:])
found.append(len(list_in_flight(DATA, "demo")))
wait(lambda: not list_in_flight(DATA, "demo"))
tell([*found, [each.missing for each in list_notes(DATA)]])
"""
    ) == [1, None, 1, ["work-unfinished"]]


def test_no_thread_waits_for_a_lock_whose_holder_may_be_waiting_for_us(run_python: Run, engine: str) -> None:
    """As when the collector runs an application's `__del__` in a thread that has it, which waits for a lock of ours."""
    assert run_python(
        BEGIN
        + """
from profcov.store.shard import writing
play("demo", green)
unit = recorder.begin("demo")
held, let_go = threading.Event(), threading.Event()

def hold():
    with unit._trace.flush_lock, writing.held():
        held.set()
        let_go.wait()

thread = threading.Thread(target=hold)
thread.start()
held.wait()
run(unit, red)
unit.end()  # who waited would do so for ever
play("demo", blue)
child = os.fork() if sys.version_info < (3, 12) else None
if child == 0:
    play("demo", late)
    os._exit(0)
if child:
    os.waitpid(child, 0)
let_go.set()
thread.join()
found = combine()
tell([[each for each in found[0] if each != "late"], found[1]])
""",
        engine=engine,
    ) == [["blue", "green", "red"], []]


def test_a_unit_whose_object_is_dropped_is_ended_by_another_thread(run_python: Run) -> None:
    assert run_python(
        BEGIN
        + """
unit = recorder.begin("demo")
run(unit, red)
class Body:
    pass
body = Body()
unit.end_with(body)
play("other", red)
assert unit.is_open
del body
wait(lambda: not unit.is_open)
struck = recorder.begin("demo")
run(struck, blue)
del struck  # as where an exception comes before its end
tell([combine()])
"""
    ) == [[["blue", "red"], []]]


def test_no_unit_is_lost_while_each_has_a_trace_of_its_own(run_python: Run, engine: str) -> None:
    """A trace is known to its book once it has its scope: or it would be forgotten as idle before its unit has run."""
    assert run_python(
        BEGIN
        + """
from itertools import count
from profcov.recording.work import Work
ids = count()

def unit_of_its_own(function):
    unit = recorder.begin("demo", Work(ident=lambda number=next(ids): str(number)))
    run(unit, function)
    unit.end()

sys.setswitchinterval(1e-6)
def work(number):
    for _ in range(100):
        unit_of_its_own(blue if number % 2 else red)
threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.setswitchinterval(0.005)
made = combine()
from coverage import CoverageData
data = CoverageData(basename=str(DATA / "demo.coverage"))
data.read()
tell([made, len(data.measured_contexts())])
""",
        engine=engine,
        PROFILE_COVERAGE_CONTEXT="request",
        PROFILE_COVERAGE_MAX_LABELS="10000",
    ) == [[["blue", "red"], []], 600]

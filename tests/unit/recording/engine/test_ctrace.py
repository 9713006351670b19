"""The ctrace engine beside other trace functions, greenlets that others watch, and whatever strikes while it switches."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

# For each way of setting a trace function: which functions are recorded, why the artifact is partial, and whose function is set
# after the unit. The next unit, which finds it set, is refused.
BESIDE = """
import bdb, coverage, os, sys, threading
from measured import *
from play import *
from profcov.recording.propagation import install
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
install()
seen = []
def theirs(frame, event, argument):
    seen.append(frame.f_code.co_name)
    return theirs
def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()
class Debugger(bdb.Bdb):  # what pdb.set_trace() makes, without its prompt
    def user_line(self, frame):
        seen.append(frame.f_code.co_name)
os.environ["COVERAGE_CORE"] = "ctrace"
tool = coverage.Coverage(data_file=None)
ways = {
    "set": lambda: sys.settrace(theirs),
    "nested": lambda: run(recorder.begin("inner"), lambda: sys.settrace(theirs)),
    "debugger": lambda: Debugger().set_trace(),
    "coverage": tool.start,
    "taken": lambda: sys.settrace(None),
    "threads": lambda: (threading.settrace(theirs), in_thread(blue)),
    "none": lambda: None,
}
told = {}
for name, way in ways.items():
    seen.clear()
    status = play(name, red, way, blue, red)
    left = sys.gettrace()
    whose = "theirs" if left is theirs else None if left is None else type(left).__name__
    again = play("again", red)
    tool.stop()
    sys.settrace(None)
    threading.settrace(None)
    made = combine(DataDirectory(DATA), name)
    told[name] = [status, whose, again, list(made.reasons), shards(name) or sorted(seen_in(made.path)), "blue" in seen]
told["inner"] = list(combine(DataDirectory(DATA), "inner").reasons) if shards("inner") else None
tell([told, play("again", red, blue), said])
"""


def test_a_trace_function_that_the_application_sets_in_a_unit_is_let_be_and_the_artifact_says_so(
    run_python: Run,
) -> None:
    program = "from seen import in_file as seen_in\n" + BESIDE
    told, after, said = run_python(program, engine="ctrace")
    refused = "unsupported; another trace function is set (coverage.py or a debugger)"
    partial = ["other-tracer"]
    assert told["set"] == ["traced", "theirs", refused, partial, ["red"], True]
    assert told["nested"][:4] == ["traced", "theirs", refused, partial]
    assert told["debugger"][:1] + told["debugger"][3:5] == ["traced", partial, ["red"]]
    assert told["coverage"][0:5] == ["traced", "CTracer", refused, partial, ["red"]]
    assert told["taken"][:5] == ["traced", None, "traced", partial, ["red"]]
    assert told["threads"][0:5] == ["traced", None, "traced", partial, ["blue", "red"]]
    assert told["none"] == ["traced", None, "traced", [], ["blue", "red"], False]
    assert (after, said) == ("traced", [])


# An exception at each instruction of what switches tracers, one in each round: a signal handler's may come anywhere.
STRIKES = """
import dis, gc, signal, sys
gc.disable()  # or it runs in the calls of `strike`, between two instructions where CPython itself runs no collection
from measured import *
from play import *
from profcov.recording.engine import ctrace
from profcov.recording import step
class Alarm(Exception): pass
def strike(code, offset):
    global left
    left -= code.co_code[offset] != dis.opmap["RETURN_VALUE"]  # there CPython looks for no signal
    if left == 0:
        raise Alarm
signal.signal(signal.SIGUSR1, strike)  # so it counts as a handler
monitoring = sys.monitoring
monitoring.use_tool_id(1, "strike")
monitoring.register_callback(1, monitoring.events.INSTRUCTION, strike)
engine = ctrace.CTraceEngine
codes = [each.__code__ for each in (engine.enter, engine.leave, engine._close, ctrace._pause, ctrace._go_on)]
def aim(events):
    for code in codes:
        monitoring.set_local_events(1, code, events)
def inner(unit):
    aim(monitoring.events.INSTRUCTION)
    with unit.step():
        blue()
def work(outer, unit):
    red()
    try:
        inner(unit)
    except Alarm:
        global reached
        reached += 1
    finally:
        aim(0)
    green()
def foreign():
    return late()
reached = number = left = 0
wrong = []
while left <= 0:
    number += 1
    left = number
    before, slug = reached, f"outer{number}"
    outer, unit = recorder.begin(slug), recorder.begin(f"inner{number}")
    run(outer, lambda: work(outer, unit))
    foreign()
    if sys.gettrace() is not None or recorder.engine._threads.state.strand.steps:
        wrong.append([number, "left open"])
        sys.settrace(None)
        recorder.engine._threads.state.strand.steps.clear()
    outer.end()
    unit.end()
    found = shards(slug), shards(f"inner{number}")
    if found[0] != ["green", "red"] or not set(found[1]) <= {"blue"}:
        wrong.append([number, *found])
    if left <= 0 and reached == before:
        wrong.append([number, "lost"])
tell([number, reached, wrong, said])
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="events of instructions came with Python 3.12")
def test_whatever_instruction_a_time_limit_strikes_each_units_lines_are_its_own(run_python: Run) -> None:
    number, reached, wrong, said = run_python(STRIKES, engine="ctrace", PROFILE_COVERAGE_MAX_PROFILES="2000")
    print(number, reached)
    assert number > 100
    assert reached == number - 1
    assert (wrong, said) == ([], [])


# Threads enter a file at the same moment in traces that have not met it, while finalizers switch threads and take a lock that a
# thread holds which is on its way into the file, too.
FIRST_MET = """
import gc, threading, time
from measured import *
from play import *
class Litter:
    def __init__(self):
        self.itself = self
    def __del__(self):
        with lock:
            time.sleep(0)
def enter(number):
    gate.wait()
    with unit.step():
        for _ in range(5):
            Litter()
        with lock if number % 2 else threading.Lock():
            (red, blue, green, late)[number]()
sys.setswitchinterval(1e-6)
gc.set_threshold(1)
lock, gate, incomplete = threading.RLock(), threading.Barrier(4), []
for round_number in range(150):
    unit = recorder.begin(f"slug{round_number}")
    threads = [threading.Thread(target=enter, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    ran = set().union(*unit.scope.trace.take().executed.values())
    incomplete += [round_number] if len(ran) != 4 else []
    unit.end()
tell([incomplete, said])
"""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="the collector runs between bytecodes only")
def test_threads_that_meet_a_file_at_the_same_moment_lose_no_line_and_wait_for_no_lock_of_ours(run_python: Run) -> None:
    assert run_python(
        "import sys\n" + FIRST_MET,
        engine="ctrace",
        PROFILE_COVERAGE_CONTEXT="request",
        PROFILE_COVERAGE_MAX_PROFILES="500",
        PROFILE_COVERAGE_FLUSH_SECONDS="3600",  # the recorder's own thread would take lines before the program looks
    ) == [[], []]

"""The ctrace engine beside other trace functions, greenlets that others watch, and whatever strikes while it switches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

# For each way of setting a trace function: which functions are recorded, why the artifact is partial, and whose function is set
# after the unit. The next unit, which finds it set, is refused.
BESIDE = """
import bdb, coverage, sys, threading
from measured import *
from play import *
from profcov.propagation import install
from profcov.store.combine import combine
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
tool = coverage.Coverage(data_file=None)
tool.set_option("run:core", "ctrace")
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
    made = combine(DATA, name)
    told[name] = [status, whose, again, list(made.reasons), shards(name) or sorted(seen_in(made.path)), "blue" in seen]
told["inner"] = list(combine(DATA, "inner").reasons) if shards("inner") else None
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

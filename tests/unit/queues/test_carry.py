from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

BEGIN = """
import queue, threading
import profcov
from measured import *
from play import *
from profcov.queues import carry, resume
"""


def test_a_message_carries_the_slug_to_whoever_works_on_it(run_python: Run, engine: str) -> None:
    assert run_python(
        BEGIN
        + """
messages = queue.Queue()
def consume():
    while (message := messages.get()) is not None:
        with resume(message["headers"]):
            message["work"]()
consumer = threading.Thread(target=consume)
consumer.start()
with profcov.trace("demo"):
    messages.put({"headers": carry({"mine": 1}), "work": red})
messages.put({"headers": carry({}), "work": green})
with profcov.trace("other"):
    messages.put({"headers": carry({"profile_trace_slug": "demo"}), "work": blue})
messages.put(None)
consumer.join()
tell([shards("demo"), shards("other")])
""",
        engine=engine,
    ) == [["blue", "red"], []]


def test_what_a_message_holds_instead_of_a_slug_does_no_harm(run_python: Run) -> None:
    assert run_python(
        BEGIN
        + """
for headers in (None, {}, {"profile_trace_slug": 7}, {"profile_trace_slug": "../etc"}, {"profile_trace_slug": None}):
    with resume(headers):
        red()
tell([DATA.exists(), carry({})])
"""
    ) == [False, {}]


def test_a_worker_can_start_the_engine_before_its_first_message(run_python: Run, engine: str) -> None:
    assert run_python(
        BEGIN
        + """
import os
from profcov.queues import warm_up
before = profcov.engine_status()
warm_up()
warm_up()
after = profcov.engine_status()
if os.fork() == 0:
    started = recorder.engine
    with resume({"profile_trace_slug": "demo"}):
        red()
    os._exit(recorder.engine is not started)
tell([before.running, after.running, after.name, os.wait()[1], shards("demo")])
""",
        engine=engine,
    ) == [False, True, engine, 0, ["red"]]


def test_where_profcov_is_off_nothing_is_started(run_python: Run) -> None:
    assert (
        run_python(
            """
import sys
from profcov.queues import warm_up
warm_up()
print(str("coverage" in sys.modules).lower())
""",
            ENABLE_PROFILE_COVERAGE="0",
        )
        is False
    )

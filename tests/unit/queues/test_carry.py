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


def test_what_a_message_holds_instead_of_a_slug_harms_nobody(run_python: Run) -> None:
    assert run_python(
        BEGIN
        + """
for headers in (None, {}, {"profile_trace_slug": 7}, {"profile_trace_slug": "../etc"}, {"profile_trace_slug": None}):
    with resume(headers):
        red()
tell([DATA.exists(), carry({})])
"""
    ) == [False, {}]

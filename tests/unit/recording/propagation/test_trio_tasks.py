"""What a unit hands to a trio that runs in another thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = """
import sys, threading, trio
from measured import *
from play import *
from profcov.recording.propagation import install
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
install()
ready, over = threading.Event(), None
async def main():
    global token, over
    token, over = trio.lowlevel.current_trio_token(), trio.Event()
    ready.set()
    await over.wait()
async def await_blue():
    return blue()
thread = threading.Thread(target=trio.run, args=(main,))
thread.start()
ready.wait()
play("demo", red, lambda: trio.from_thread.run(await_blue, trio_token=token))
trio.from_thread.run_sync(over.set, trio_token=token)
thread.join()
found = shards("demo")
tell([found, list(combine(DataDirectory(DATA), "demo").reasons), said])
"""


def test_it_is_followed_or_the_artifact_says_that_it_is_not(run_python: Callable[..., Any], engine: str) -> None:
    followed = run_python(PROGRAM, engine=engine)
    assert (
        followed
        == {
            "monitoring": [["blue", "red"], [], []],
            "ctrace": [["red"], ["unfollowed"], []],
        }[engine]
    )

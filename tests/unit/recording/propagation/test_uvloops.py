"""Protocols of a unit's connections in uvloop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAM = """
import asyncio, socket, uvloop
from measured import *
from play import *
from profcov.recording.propagation import install
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
install()
class Free(asyncio.Protocol):
    connection_made = called
class Slots(asyncio.Protocol):
    __slots__ = ()
    connection_made = called
async def connect(protocol, ours):
    red()
    transport, _ = await asyncio.get_running_loop().create_connection(protocol, sock=ours)
    transport.abort()
async def main(protocol, slug):
    ours, others = socket.socketpair()
    unit = recorder.begin(slug)
    await unit.wait(connect(protocol, ours))
    unit.end()
    others.close()
found = []
for slug, protocol in (("free", Free), ("slots", Slots)):
    uvloop.run(main(protocol, slug))
    ran = shards(slug)
    found.append([ran, list(combine(DataDirectory(DATA), slug).reasons)])
tell([*found, said])
"""


def test_they_are_followed_or_the_artifact_says_that_they_are_not(run_python: Callable[..., Any], engine: str) -> None:
    slots = {"monitoring": [["called", "red"], []], "ctrace": [["red"], ["unfollowed"]]}[engine]
    assert run_python(PROGRAM, engine=engine) == [[["called", "red"], []], slots, []]

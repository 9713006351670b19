"""The oracle: ``house.py`` with its tools, under coverage.py alone."""

from __future__ import annotations

import asyncio
from typing import Any

import served_house
from answering import Oracle, say

oracle = Oracle()
at_work: set[Any] = set()


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Measure what the application does; ``/lines`` stops that."""
    if scope.get("path") == "/lines":
        if at_work:  # after its answer
            await asyncio.wait(at_work)
        await say(send, oracle.read())
        return
    if scope["type"] == "http" and scope["path"] != "/not-there":
        oracle.start()
        task = asyncio.current_task()
        assert task is not None
        at_work.add(task)
        task.add_done_callback(at_work.discard)
    await served_house.app(scope, receive, send)

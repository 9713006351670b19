"""Code that tests measure: functions of one line, told apart by which of them ran."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator


def red() -> str:
    return "red"


def blue() -> str:
    return "blue"


def green() -> str:
    return "green"


def late() -> str:
    return "late"


def called(*_: object) -> str:
    return "called"


def chunks() -> Iterator[str]:
    yield from (red(), blue())


async def pause() -> str:
    await asyncio.sleep(0)
    return red()


async def poll(seconds: float) -> None:
    while True:
        red()
        await asyncio.sleep(seconds)


def hold(reached: threading.Event, go_on: threading.Event) -> None:
    reached.set()
    assert go_on.wait(60)

"""Doing something again and again, struck at another of its lines each time."""

from __future__ import annotations

import itertools
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, ModuleType


class Strike(KeyboardInterrupt):
    """What an application throws into whatever runs."""


def strike_each_line(action: Callable[[], object], *modules: ModuleType) -> Iterator[Strike]:
    """Strike an action at each line of some modules; yield each exception, which keeps what its frames have, as an application may."""
    files = {module.__file__ for module in modules}
    for number in itertools.count(1):
        struck = _strike(action, files, number)
        if struck is None:
            return
        yield struck


def _strike(action: Callable[[], object], files: set[str | None], number: int) -> Strike | None:
    left, struck = number, []

    def look(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in files:
            return None
        left -= event == "line"
        if event == "line" and not left:
            raise Strike
        return look

    def run() -> None:  # in a thread of its own, so that nobody else is traced
        sys.settrace(look)
        try:
            action()
        except Strike as error:
            struck.append(error)
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return struck[0] if struck else None

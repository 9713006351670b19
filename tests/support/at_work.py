"""A unit of work in flight, as readers of a data directory see it."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

from profcov.slug import Slug
from profcov.store.directory import DataDirectory
from profcov.store.presence import Presence

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    StartUnits = Callable[..., subprocess.Popen[str]]


def begin(data: Path, slug: str, job: str = "") -> tuple[Presence, list[tuple[int, object]]]:
    """Note in a file of its own that a unit of a slug is in flight."""
    presence = Presence(DataDirectory(data))
    begun: list[tuple[int, object]] = []
    presence.begin(Slug(slug), job, into=begun)
    return presence, begun


@contextlib.contextmanager
def at_work(data: Path, slug: str) -> Iterator[Presence]:
    """Have a unit of a slug in flight in this block, in this process."""
    presence, begun = begin(data, slug)
    try:
        yield presence
    finally:
        presence.end(begun)
        presence.withdraw()


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a process, and read what it has left to say."""
    process.send_signal(signal.SIGKILL)
    process.communicate()

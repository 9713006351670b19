"""The rows of a process's file: of fixed width, one for each unit in flight and for each thing noted."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profcov.slug import Slug

IN_FLIGHT: Final = "+"
"""A unit is in flight: readers wait for it."""
LINGERING: Final = "~"
"""Work that may run for ever is in flight: readers no longer wait for it."""
UNWRITTEN: Final = "!"
"""Units have ended, and their lines could not be written yet."""
MISSING: Final = "-"
"""Something is missing in the next artifact; the text is the reason."""

TIME_CHARS: Final = 14
TEXT_CHARS: Final = 100
"""Longest slug; a job's id that is longer, or not ASCII, is left out."""
WIDTH: Final = 256
"""It divides a page, so that no row is written in two pieces."""
IDLE: Final = b"0".ljust(TIME_CHARS)
FREE: Final = IDLE.ljust(WIDTH - 1) + b"\n"


def make_row(kind: str, slug: Slug, text: str) -> bytes:
    """Return a row in use, from now on; leave out a text that is too long."""
    since = time.time_ns() // 1_000_000  # rounded down: a row is not from the future, nor newer than what came after it
    return b"%*d.%03d" % (TIME_CHARS - 4, since // 1000, since % 1000) + _after_time(kind, slug, text)


@functools.lru_cache(maxsize=64)
def _after_time(kind: str, slug: Slug, text: str) -> bytes:
    """Return the rest of a row: most units of a process have the same."""
    shown = text if len(text) <= TEXT_CHARS and text.isascii() and text.isprintable() else ""
    row = f"{kind}{slug:{TEXT_CHARS}} {shown:{TEXT_CHARS}}"
    return f"{row:{WIDTH - TIME_CHARS - 1}}\n".encode("ascii")


def read_rows(fd: int) -> Iterator[tuple[int, float, str, str, str]]:
    """Yield place, time, kind, slug and text of each row in use; skip anything else. Rows of older versions have no text."""
    place = 0
    for piece in os.pread(fd, os.fstat(fd).st_size, 0).splitlines(keepends=True):
        row = piece.lstrip(b"\0")  # of rows before it that were never written
        place += len(piece) - len(row)
        line = row.decode("ascii", "replace")
        slug, text = line[TIME_CHARS + 1 :][:TEXT_CHARS].strip(), line[TIME_CHARS + 1 + TEXT_CHARS :].strip()
        with contextlib.suppress(ValueError):
            since = float(line[:TIME_CHARS])
            if since:
                yield place, since, line[TIME_CHARS : TIME_CHARS + 1], slug, text
        place += len(row)

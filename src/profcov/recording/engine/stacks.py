"""What runs at this moment, read off the stacks of all threads."""

from __future__ import annotations

import sys
from itertools import accumulate, chain, repeat, starmap, takewhile
from operator import attrgetter, countOf, truth
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import CodeType, FrameType

_get_code: Final = attrgetter("f_code")


def count_frames(code: CodeType) -> int:
    """Return how many frames, of all threads, run a code object."""
    return countOf(map(id, map(_get_code, _all_frames())), id(code))


def is_within(frame: FrameType | None, codes: Mapping[int, object]) -> bool:
    """Tell whether a frame, or one that it was called from, runs one of the code objects (by id)."""
    while frame is not None:
        if id(frame.f_code) in codes:
            return True
        frame = frame.f_back
    return False


def _all_frames() -> Iterator[FrameType]:
    """Return the frames of every thread, ours too, for use in one C-level loop.

    While Python code walks a stack, its thread may go on: a generator that was running is suspended then, has no
    ``f_back``, and hides whoever called it.
    """
    tops = chain.from_iterable(map(dict.values, starmap(sys._current_frames, [()])))  # noqa: SLF001
    starts = map(chain, zip(tops), repeat(repeat("f_back")))  # the top frame, then what to ask of each
    stacks: Any = map(accumulate, starts, repeat(getattr))  # from the top down to None
    return chain.from_iterable(map(takewhile, repeat(truth), stacks))

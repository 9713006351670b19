"""What runs at this moment, read from the stacks of all threads."""

from __future__ import annotations

import sys
from itertools import accumulate, chain, repeat, starmap, takewhile
from operator import attrgetter, countOf, truth
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import CodeType, FrameType

_get_code: Final = attrgetter("f_code")


def walk_frames() -> Iterator[FrameType]:
    """Return the frames of every thread, ours too, innermost first: a lazy iterator implemented in C.

    Exhaust it in one call into C. While Python code walks a stack, its thread may continue: a generator that was running
    may be suspended then, has no ``f_back``, and hides its callers.
    """
    by_thread = starmap(sys._current_frames, [()])  # noqa: SLF001
    innermost = chain.from_iterable(map(dict.values, by_thread))
    questions = map(chain, zip(innermost), repeat(repeat("f_back")))  # a frame, then what to read of each
    down_to_none: Iterator[Iterator[FrameType]] = map(accumulate, questions, repeat(getattr))
    stacks = map(takewhile, repeat(truth), down_to_none)
    return chain.from_iterable(stacks)


def count_frames(code: CodeType) -> int:
    """Return how many frames, of all threads, run a code object."""
    return countOf(map(id, map(_get_code, walk_frames())), id(code))


def is_within(frame: FrameType | None, codes: Mapping[int, object]) -> bool:
    """Return whether a frame, or one of its callers, runs one of the code objects (by id)."""
    while frame is not None:
        if id(frame.f_code) in codes:
            return True
        frame = frame.f_back
    return False

from __future__ import annotations

import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING

from profcov.recording.engine.stacks import count_frames, is_within, walk_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType


def inner(look: Callable[[], object]) -> object:
    return look()


def outer(depth: int, look: Callable[[], object]) -> object:
    return outer(depth - 1, look) if depth else inner(look)


def generator(look: Callable[[], object]) -> Iterator[object]:
    yield look()
    yield look()


def waiting(begun: threading.Barrier, end: threading.Event) -> None:
    begun.wait()
    end.wait()


def codes() -> list[CodeType]:
    return [frame.f_code for frame in walk_frames()]


def test_the_walk_goes_over_each_frame_of_each_thread_from_the_innermost_out() -> None:
    begun, end = threading.Barrier(3), threading.Event()
    threads = [threading.Thread(target=waiting, args=(begun, end)) for _ in range(2)]
    for thread in threads:
        thread.start()
    begun.wait()
    try:
        found = outer(3, codes)
    finally:
        end.set()
        for thread in threads:
            thread.join()
    assert isinstance(found, list)
    counts = Counter(found)
    assert [counts[each.__code__] for each in (codes, inner, outer, waiting)] == [1, 1, 4, 2]
    ours = [code for code in found if code in {inner.__code__, outer.__code__}]
    assert ours == [inner.__code__] + [outer.__code__] * 4


def test_it_looks_when_it_is_asked_and_not_when_it_is_made() -> None:
    walk = walk_frames()
    assert inner.__code__ in outer(0, lambda: [frame.f_code for frame in walk])  # type: ignore[operator]


def test_who_calls_a_generator_is_found_while_it_runs_and_not_while_it_is_suspended() -> None:
    running = generator(lambda: (count_frames(generator.__code__), count_frames(outer.__code__)))
    assert outer(1, lambda: next(running)) == (1, 2)
    assert count_frames(generator.__code__) == 0


def test_a_frame_is_within_a_code_object_that_it_or_a_caller_runs() -> None:
    known = {id(outer.__code__): None}
    assert outer(0, lambda: is_within(sys._getframe(), known)) is True
    assert is_within(sys._getframe(), known) is False
    assert is_within(None, known) is False

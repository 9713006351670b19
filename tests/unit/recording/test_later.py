from __future__ import annotations

import threading

from profcov.recording.later import do_or_put_off


def test_what_comes_while_something_is_done_is_done_after_it() -> None:
    done: list[int] = []

    def outer() -> None:
        do_or_put_off(lambda: done.append(2))
        done.append(1)

    do_or_put_off(outer)
    assert done == [1, 2]


def test_a_fault_keeps_nothing_from_being_done() -> None:
    done: list[int] = []

    def outer() -> None:
        do_or_put_off(lambda: done.append(1))
        raise OSError("full")

    do_or_put_off(outer)
    do_or_put_off(lambda: done.append(2))
    assert done == [1, 2]


def test_other_threads_are_not_put_off() -> None:
    done: list[str] = []

    def outer() -> None:
        thread = threading.Thread(target=do_or_put_off, args=(lambda: done.append("other"),))
        thread.start()
        thread.join()
        done.append("outer")

    do_or_put_off(outer)
    assert done == ["other", "outer"]

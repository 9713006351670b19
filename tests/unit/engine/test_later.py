from __future__ import annotations

import threading

from profcov.engine.later import InnerLock, do_or_put_off, forget_put_off


def test_under_inner_locks_everything_is_put_off_until_the_last_is_given_back() -> None:
    done: list[int] = []
    one, two = InnerLock(), InnerLock()
    with one:
        with two, one:
            do_or_put_off(lambda: done.append(1))
        assert done == []
        do_or_put_off(lambda: done.append(2))
        assert done == []
    assert done == [1, 2]


def test_what_is_done_may_put_off_and_take_locks_itself() -> None:
    done: list[int] = []
    lock = InnerLock()

    def outer() -> None:
        with lock:
            do_or_put_off(lambda: done.append(2))
        done.append(1)

    do_or_put_off(outer)
    assert done == [1, 2]


def test_other_threads_are_not_put_off_and_a_lock_keeps_them_out() -> None:
    done: list[object] = []
    lock = InnerLock()

    def work() -> None:
        do_or_put_off(lambda: done.append("done"))
        done.append(lock.acquire(blocking=False))
        do_or_put_off(lambda: done.append("done, too"))  # a lock that was not taken puts nothing off

    with lock:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert done == ["done", False, "done, too"]


def test_a_forked_child_forgets_what_was_put_off() -> None:
    done: list[int] = []
    with InnerLock():
        do_or_put_off(lambda: done.append(1))
        forget_put_off()
    assert done == []

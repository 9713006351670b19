from __future__ import annotations

import threading

import pytest

from profcov.playback.player.polling import tries


class FakeTime:
    """A clock that moves only when somebody waits."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.now = 100.0
        self.pauses: list[float] = []
        self._stop_after = stop_after

    def clock(self) -> float:
        return self.now

    def is_set(self) -> bool:
        return self._stop_after is not None and len(self.pauses) >= self._stop_after

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.pauses.append(timeout)
        self.now += timeout
        return self.is_set()


def test_pauses_grow_from_20_to_500_milliseconds() -> None:
    time = FakeTime()
    for _ in tries(10, time, clock=time.clock):
        pass
    assert time.pauses[:3] == pytest.approx([0.02, 0.03, 0.045])
    assert time.pauses[-2] == 0.5
    assert max(time.pauses) == 0.5


def test_the_last_try_comes_when_the_time_is_over() -> None:
    time = FakeTime()
    tried_at = [time.now for _ in tries(1, time, clock=time.clock)]
    assert tried_at[0] == 100.0
    assert tried_at[-1] == pytest.approx(101.0)
    assert len(tried_at) == len(set(tried_at))


def test_an_interval_is_kept() -> None:
    time = FakeTime()
    list(tries(5, time, interval=2, clock=time.clock))
    assert time.pauses == [2, 2, 1]


def test_no_time_still_means_one_try() -> None:
    assert len(list(tries(0, threading.Event()))) == 1


def test_a_stop_ends_the_tries() -> None:
    time = FakeTime(stop_after=2)
    assert len(list(tries(60, time, clock=time.clock))) == 2

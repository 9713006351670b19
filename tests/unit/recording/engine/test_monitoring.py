"""What the stress shows only now and then."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from profcov.recording.engine.monitoring import MonitoringEngine

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[MonitoringEngine]:
    from profcov.recording.engine.monitoring import MonitoringEngine
    from profcov.recording.engine.sources import Sources

    config = tmp_path / "measured.ini"
    config.write_text(f"[run]\nsource = {tmp_path}\n")
    engine = MonitoringEngine(Sources(config))
    yield engine
    engine.close()


def ticks() -> Iterator[None]:
    while True:
        yield


def run(is_over: Callable[[], bool]) -> None:
    for _ in ticks():
        if is_over():
            return


def test_who_calls_a_generator_is_seen_though_it_is_suspended_at_that_moment(engine: MonitoringEngine) -> None:
    inside, over, looks = threading.Event(), threading.Event(), list[bool]()

    def stay() -> bool:
        """Be in ``run`` all the time, with and without a running generator on top of it."""
        inside.set()
        for _ in ticks():
            if over.is_set():
                return True
        raise AssertionError

    def look() -> bool:
        looks.append(engine._is_running(run.__code__))
        return len(looks) == 20_000

    thread = threading.Thread(target=run, args=(stay,))
    thread.start()
    inside.wait()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        run(look)
    finally:
        sys.setswitchinterval(interval)
        over.set()
        thread.join()
    assert all(looks), f"{looks.count(False)} of {len(looks)} looks did not see the other thread"

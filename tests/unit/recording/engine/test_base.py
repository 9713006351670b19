from __future__ import annotations

import inspect

import pytest

from profcov.recording.engine.base import BaseEngine, Trace
from profcov.recording.engine.ctrace import CTraceEngine
from profcov.recording.engine.ctrace_state import CTrace
from profcov.recording.engine.monitoring import MonitoringEngine
from profcov.recording.engine.monitoring_state import MonitoringTrace


@pytest.mark.parametrize("kind", [BaseEngine, Trace])
def test_an_engine_cannot_forget_a_part_of_what_is_asked_of_it(kind: type) -> None:
    parts: frozenset[str] = kind.__abstractmethods__  # type: ignore[attr-defined]
    assert {"has_news", "take", "unsettle"} <= parts or {"begin", "enter", "leave", "close"} <= parts
    for part in parts:
        others = {name: None for name in parts if name != part}
        with pytest.raises(TypeError, match=f"abstract.*{part}"):
            type("Third", (kind,), others)()


def test_the_engines_and_their_traces_have_all_of_it() -> None:
    assert not any(map(inspect.isabstract, (MonitoringEngine, CTraceEngine, MonitoringTrace, CTrace)))
    assert not hasattr(MonitoringTrace(None), "__dict__")

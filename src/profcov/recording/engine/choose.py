"""Which engine runs in this process: always one for all callers."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Final

from profcov.brief_lock import BriefLock
from profcov.errors import EngineUnavailableError
from profcov.recording import garbage
from profcov.recording.engine.builds import is_free_threaded
from profcov.recording.engine.ctrace import CTraceEngine
from profcov.recording.engine.free_threaded import FreeThreadedEngine
from profcov.recording.engine.monitoring import MonitoringEngine
from profcov.recording.engine.sources import Sources

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.recording.engine.base import Engine
    from profcov.settings import EngineChoice

MONITORING: Final = FreeThreadedEngine if is_free_threaded() else MonitoringEngine
"""The monitoring engine of this build of Python."""

_lock = BriefLock()
_running: tuple[Engine, Path | None] | None = None


def start_engine(choice: EngineChoice, config_file: Path | None) -> Engine:
    """Return the process's engine, started at the first call.

    ``auto`` is ``monitoring`` if the interpreter has it, two tool ids are free and no branches are measured;
    else ``ctrace``.

    Raises:
        EngineUnavailableError: no engine can run here, or one already runs for another configuration.
        coverage.exceptions.CoverageException: coverage.py cannot read the configuration.
    """
    global _running  # noqa: PLW0603 (what an engine holds, the interpreter has once)
    with _lock.held():
        if _running is None:
            _running = (_new_engine(choice, Sources(config_file)), config_file)
            garbage.watch(pauses=_running[0].name == CTraceEngine.name)
            # Callbacks that run while the interpreter clears its modules would only fail.
            atexit.register(stop_engine)
        engine, its_config = _running
        if its_config != config_file:
            raise EngineUnavailableError(engine.name, "it runs already with another configuration", its_config)
        if choice not in {"auto", engine.name}:
            raise EngineUnavailableError(choice, f"the {engine.name} engine runs already")
        return engine


def running_engine() -> Engine | None:
    """Return the process's engine if one was started."""
    return _running[0] if _running else None


def stop_engine() -> None:
    """Close the process's engine, if one runs."""
    global _running  # noqa: PLW0603
    atexit.unregister(stop_engine)
    with _lock.held():
        if _running is not None:
            garbage.forget()
            _running[0].close()
            _running = None


def _new_engine(choice: EngineChoice, sources: Sources) -> Engine:
    if choice == "ctrace":
        return CTraceEngine(sources)
    try:
        return MONITORING(sources)
    except EngineUnavailableError:
        if choice == "monitoring":
            raise
        return CTraceEngine(sources)

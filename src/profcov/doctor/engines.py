"""Checks of the engines: which can run here, by starting them, and which one profcov chooses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from coverage.exceptions import ConfigError, CoverageException

from profcov.doctor.finding import Finding
from profcov.errors import EngineUnavailableError
from profcov.recording.engine.choose import MONITORING, running_engine, start_engine, stop_engine
from profcov.recording.engine.ctrace import CTraceEngine
from profcov.recording.engine.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.recording.engine.base import Capabilities
    from profcov.recording.engine.monitoring import MonitoringEngine
    from profcov.settings import EngineChoice

NO_CONFIG: Final = Path(os.devnull)
"""An empty configuration, for checks that do not depend on it."""


def examine_engines(choice: EngineChoice, config_file: Path | None) -> tuple[str | None, Sequence[Finding]]:
    """Return the name of the engine that this choice selects, None if it gets none, and the findings.

    Each engine is started and closed again. If one already runs in this process, that one is the answer.
    """
    running = running_engine()
    if running is not None:
        return running.name, [Finding("ok", "engine", f"the {running.name} engine runs in this process")]
    sources = _read_sources(config_file)
    tried = {each.name: _try(each, sources) for each in (MONITORING, CTraceEngine)}
    name, taken = _take(choice, config_file, tried["monitoring"][1])
    return name, [*(finding for finding, _ in tried.values()), taken]


def _read_sources(config_file: Path | None) -> Sources:
    try:
        return Sources(config_file)
    except (CoverageException, ConfigError, UnicodeDecodeError):  # reported by the configuration check
        return Sources(NO_CONFIG)


def _try(engine_class: type[MonitoringEngine | CTraceEngine], sources: Sources) -> tuple[Finding, str]:
    """Return what was found, and why the engine cannot run; an empty text if it can."""
    name = engine_class.name
    try:
        engine = engine_class(sources)
    except EngineUnavailableError as error:
        return Finding("ok", "engines", f"{name} cannot run: {error.reason}"), error.reason
    engine.close()
    return Finding("ok", "engines", f"{name} can run; {_describe(engine.capabilities)}"), ""


def _describe(can: Capabilities) -> str:
    abilities = {
        "follows greenlets": can.greenlets,
        "measures branches": can.branches,
        "measures blocks inside coroutines": can.coroutine_blocks,
    }
    return ", ".join(
        ability if is_there else ability.replace(" ", " no ", 1) for ability, is_there in abilities.items()
    )


def _take(choice: EngineChoice, config_file: Path | None, why_no_monitoring: str) -> tuple[str | None, Finding]:
    try:
        name = start_engine(choice, config_file).name
    except EngineUnavailableError as error:
        return None, Finding("problem", "engine", f"{choice}: {error}: nothing is measured", _advise(choice))
    except (CoverageException, ConfigError, UnicodeDecodeError) as error:
        what = f"{choice}: no engine starts: {error}"
        return None, Finding("problem", "engine", what, "correct the coverage configuration")
    stop_engine()
    if choice != "auto":
        return name, Finding("ok", "engine", f"PROFILE_COVERAGE_ENGINE chose {name}")
    why = f": monitoring cannot run ({why_no_monitoring})" if why_no_monitoring else ", which costs least"
    return name, Finding("ok", "engine", f"auto chose {name}{why}")


def _advise(choice: EngineChoice) -> str:
    if choice == "auto":
        return "use a coverage.py with its C tracer, or Python 3.12 or newer"
    return "unset PROFILE_COVERAGE_ENGINE, so that profcov chooses one that can run"

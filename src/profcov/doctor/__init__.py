"""The doctor: what this interpreter and this environment can do, and what would go wrong."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from profcov.doctor.environment import examine_environment
from profcov.doctor.finding import LEVELS, Finding
from profcov.doctor.installation import check_children, check_coverage, check_redis, check_rq
from profcov.doctor.interpreter import check_greenlets, check_python, check_tool_ids, check_tracing
from profcov.errors import SettingsError
from profcov.settings import CONFIG, DEFAULT_DIR, DIR, ENGINE, Settings, find_config
from profcov.store.runs import has_started

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from profcov.settings import EngineChoice

__all__ = ["Finding", "examine"]


def examine(
    *, config_file: Path | None = None, data_dir: Path | None = None, redis_url: str | None = None
) -> list[Finding]:
    """Run all checks, and return the findings: problems, then warnings, then what is fine.

    Arguments that are not given are read from the environment, as a server would. Engines are started and stopped: do not
    call this in a process that serves; use ``profcov.engine_status`` there.
    """
    return sorted(
        _examine(os.environ, config_file, data_dir, redis_url), key=lambda finding: LEVELS.index(finding.level)
    )


def _examine(
    environ: Mapping[str, str], config_file: Path | None, data_dir: Path | None, redis_url: str | None
) -> Iterator[Finding]:
    yield check_python()
    package = check_coverage()
    yield package
    directory = (data_dir or Path(environ.get(DIR) or DEFAULT_DIR)).absolute()
    yield from examine_environment(environ, is_run=has_started(directory))
    if package.level != "problem":
        yield from _examine_measuring(environ, config_file)
        yield from _examine_data(directory)
    yield check_children()
    yield from check_rq()
    yield from check_redis(redis_url, environ)


def _examine_measuring(environ: Mapping[str, str], given: Path | None) -> Iterator[Finding]:
    # These need coverage.py, which may be broken.
    from profcov.doctor.configuration import examine_configuration  # noqa: PLC0415
    from profcov.doctor.engines import NO_CONFIG, examine_engines  # noqa: PLC0415

    try:
        config_file = given.absolute() if given else find_config(environ.get(CONFIG))
    except SettingsError:  # reported by the environment check
        config_file = NO_CONFIG
    # Before the engines, which take two for a moment.
    yield from check_tool_ids()
    engine, findings = examine_engines(_read_choice(environ), config_file)
    yield from findings
    yield from check_tracing(engine, environ)
    yield from check_greenlets(engine)
    if config_file != NO_CONFIG:
        yield from examine_configuration(config_file)


def _read_choice(environ: Mapping[str, str]) -> EngineChoice:
    try:
        return Settings.from_environ({ENGINE: environ.get(ENGINE, "")}).engine
    except SettingsError:  # reported by the environment check
        return "auto"


def _examine_data(data_dir: Path) -> Iterator[Finding]:
    from profcov.doctor.directory import examine_directory  # noqa: PLC0415 (needs coverage.py)

    yield from examine_directory(data_dir)

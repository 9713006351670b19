"""Checks of the coverage configuration: whether coverage.py reads it, and whether what it names is there."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

from coverage import Coverage
from coverage.exceptions import ConfigError, CoverageException

from profcov.configuration.omissions import omit_by_name
from profcov.configuration.options import SOURCES, read_list
from profcov.configuration.plugins import list_missing
from profcov.doctor.finding import Finding
from profcov.errors import SettingsError
from profcov.reading.report.text import plural
from profcov.reading.symbols.measured import find_files
from profcov.settings import DEFAULT_CONFIG

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOURCES: Final = tuple(f"run:{name}" for name in SOURCES)
_INSTALLED: Final = frozenset({"site-packages", "dist-packages"})


def examine_configuration(config_file: Path | None) -> Iterator[Finding]:
    """Check the configuration in a file, or the one that coverage.py finds by itself if None."""
    coverage, complaints = _read(config_file)
    name = str(config_file or "the configuration that coverage.py finds")
    if coverage is None:
        yield Finding(
            "problem", "config", f"{name} cannot be read: {complaints[0]}", "correct it: profcov measures nothing"
        )
        return
    missing = list_missing(coverage)
    coverage.set_option("run:plugins", [])  # or the checks below would import them
    yield _describe_origin(coverage, config_file)
    for complaint in complaints:
        yield Finding("warning", "config", complaint, "correct its spelling, or remove it")
    for plugin in missing:
        what = f"{name} names the plugin {plugin}, which is not installed: commands that read data refuse to"
        yield Finding("problem", "config", what, f"install {plugin}, or take it out of `plugins`")
    yield from _check_branch(coverage)
    yield from _check_sources(coverage, config_file)
    yield _check_names(coverage)


def _read(config_file: Path | None) -> tuple[Coverage | None, list[str]]:
    """Return what coverage.py reads, and its warnings; None if it cannot read it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            coverage = Coverage(data_file=None, config_file=str(config_file) if config_file else True)
        except (CoverageException, ConfigError, UnicodeDecodeError, OSError) as error:
            return None, [str(error)]
        omit_by_name(coverage)
    return coverage, [str(warning.message) for warning in caught]


def _describe_origin(coverage: Coverage, config_file: Path | None) -> Finding:
    if config_file is not None:
        return Finding("ok", "config", f"{config_file} is read")
    facts = dict(coverage.sys_info())
    files = facts.get("configs_read")
    if isinstance(files, list) and files:
        what = f"no {DEFAULT_CONFIG} in {Path.cwd()}: coverage.py reads {', '.join(map(str, files))}"
        return Finding("ok", "config", what)
    what = f"no coverage configuration in {Path.cwd()}"
    return Finding("warning", "config", what, f"write {DEFAULT_CONFIG}, or set PROFILE_COVERAGE_CONFIG")


def _check_branch(coverage: Coverage) -> Iterator[Finding]:
    if not coverage.get_option("run:branch"):
        yield Finding("ok", "branch", "branch is off: lines are measured")
    elif sys.version_info < (3, 12):
        yield Finding("ok", "branch", "branch is on: arcs are measured, by ctrace")
    else:
        what = "branch is on: arcs are measured by ctrace, which costs more and follows no greenlets"
        yield Finding("warning", "branch", what, "set branch = false for the monitoring engine")


def _check_sources(coverage: Coverage, config_file: Path | None) -> Iterator[Finding]:
    entries = [(option.partition(":")[2], name) for option in _SOURCES for name in read_list(coverage, option)]
    for option, name in entries:
        # Each alone, in its own configuration: the first missing one would hide the others.
        alone, _ = _read(config_file)
        if alone is not None:
            yield _check_source(alone, option, name)
    include = read_list(coverage, "run:include")
    if entries and include:
        what = "include has no effect: coverage.py ignores it where there is a source"
        yield Finding("warning", "source", what, "use omit, or remove one of the two")
    elif include:
        yield _check_include(coverage)
    elif not entries:
        what = "no source, source_pkgs or include: all code is measured that is not installed"
        yield Finding("warning", "source", what, "name the application under source or source_pkgs")


def _check_source(alone: Coverage, option: str, name: str) -> Finding:
    for other in _SOURCES:
        if read_list(alone, other):
            alone.set_option(other, [name] if other == f"run:{option}" else [])
    where = f"seen from {Path.cwd()}"
    try:
        files = find_files(alone).modules
    except ConfigError as error:
        return Finding("problem", "source", str(error), "correct the pattern")
    except SettingsError:
        what = f"{option} {name}: neither a directory nor a package that can be imported, {where}"
        return Finding("problem", "source", what, "correct it, or run the doctor where the server starts")
    if not files:
        what = f"{option} {name}: no Python file there that is not omitted, {where}"
        return Finding("problem", "source", what, "correct source or omit: nothing is measured")
    installed = next((path for path in files if _INSTALLED & set(path.parts)), None)
    if installed is not None:
        what = f"{option} {name}: measured as installed, in {installed.parent}"
        advice = "install it editable (pip install -e), or reports on a checkout need [paths]"
        return Finding("warning", "source", what, advice)
    return Finding("ok", "source", f"{option} {name}: {plural(len(files), 'Python file')}")


def _check_include(coverage: Coverage) -> Finding:
    try:
        files = find_files(coverage).modules
    except ConfigError as error:
        return Finding("problem", "source", str(error), "correct the pattern")
    if files:
        return Finding("ok", "source", f"include: {plural(len(files), 'Python file')} below {os.curdir}")
    what = f"include matches no Python file below {Path.cwd()}"
    return Finding("warning", "source", what, "correct it, unless the code is elsewhere")


def _check_names(coverage: Coverage) -> Finding:
    if coverage.get_option("run:relative_files"):
        return Finding("ok", "relative-files", "relative_files is on: artifacts fit a clone anywhere")
    what = (
        "relative_files is off: names are absolute, so that reports in another directory or on another machine show 0 %"
    )
    return Finding("warning", "relative-files", what, "set relative_files = true, or map the directories under [paths]")

"""Which coverage configuration a command reads with: the one that is named, or the one that measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from coverage.exceptions import ConfigError, CoverageException

from profcov.cli.arguments import find_config
from profcov.configuration import (
    Configuration,
    choose_settings,
    differ,
    list_settings,
    note_settings,
    unite_sources,
)
from profcov.errors import ConfigurationError
from profcov.reading.report.text import printable
from profcov.store.layout import artifact_path, sidecar_path
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from profcov.slug import Slug


def find_configuration(given: str | None, directory: Path, slugs: Iterable[Slug]) -> Configuration:
    """Return the configuration to read profiles with; report which one if there is a choice.

    It is the one that is named, by the option, the environment or the default file; else the one that measured, from the
    sidecars; else the one that coverage.py finds by itself.

    Raises:
        CoverageReadError: a sidecar cannot be read.
        SettingsError: a file was named, and is not there.
    """
    named = find_config(given)
    artifacts = [artifact_path(directory, slug) for slug in slugs]
    recorded = list_settings(read_sidecar(each) for each in artifacts if sidecar_path(each).is_file())  # one at a time
    first, others = choose_settings(recorded)
    if named is not None or first is None:
        if first is not None:
            _compare_named(Configuration(named), first)
        return Configuration(named)
    measured = _unite(first, others) if any(differ(first, other) for other in others) else first
    here = _read(Configuration())
    differing = differ(measured, here)
    if here and differing:
        _say(f"what the server measured with is used; the configuration here differs in {', '.join(differing)}")
    elif here and measured.get("relative_files"):  # a clone of the measured source: names are relative to it
        return Configuration()
    return Configuration(measured=measured)


def _read(configuration: Configuration) -> dict[str, Any]:
    """Return coverage.py's settings from a configuration; nothing if it is invalid, which is reported when it is used."""
    try:
        return note_settings(configuration.open(data_file=None))
    except (CoverageException, ConfigError, ConfigurationError):
        return {}


def _compare_named(named: Configuration, measured: Mapping[str, Any]) -> None:
    differing = differ(measured, _read(named))
    if differing:
        _say(f"{named} is used, which differs in {', '.join(differing)} from what the server measured with")


def _unite(measured: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return one for profiles that were measured with several configurations, and report it."""
    differing = list(dict.fromkeys(name for other in others for name in differ(measured, other)))
    united = unite_sources([measured, *others])
    used = "all of them count" if united else f"most with {_name(measured)}, which is used; --config FILE names another"
    _say(f"the profiles were measured with configurations that differ in {', '.join(differing)}: {used}")
    return united or measured


def _name(settings: Mapping[str, Any]) -> str:
    return str(settings.get("config_file") or "no file")


def _say(sentence: str) -> None:
    click.echo(f"profcov: {printable(sentence)}", err=True)

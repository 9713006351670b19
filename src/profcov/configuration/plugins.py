"""coverage.py's plugins, as a configuration names them: a server does without, and who reads its data does not."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from typing import TYPE_CHECKING, Any

from profcov.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from coverage import Coverage


def list_missing(tool: Coverage) -> list[str]:
    """Return the plugins that are named, and whose top-level package is not installed; nothing is imported."""
    return [name for name in _list(tool) if not _is_installed(name)]


def check_plugins(tool: Coverage, file: object) -> None:
    """Import the plugins that are named, which coverage.py does only when it reads data.

    Raises:
        ConfigurationError: one cannot be imported.
    """
    for name in _list(tool):
        try:
            is_plugin = hasattr(importlib.import_module(name), "coverage_init")
        except Exception as error:  # a foreign module may raise anything
            problem = f"coverage.py's plugin {name} cannot be imported ({_one_line(error)})"
            raise ConfigurationError(file, f"{problem}: install it here, or take it out of `plugins`") from error
        if not is_plugin:
            raise ConfigurationError(file, f"{name} is not a coverage.py plugin: take it out of `plugins`")


def check_configuration(file: Path | None) -> list[str]:
    """Read a configuration, or what coverage.py finds by itself if None, and return what coverage.py has to say about it.

    Raises:
        ConfigurationError: it cannot be read, makes no sense, or names a plugin that cannot be imported.
    """
    tool, complaints = read_configuration(file)
    check_plugins(tool, file)
    return complaints


def read_configuration(file: Path | None) -> tuple[Coverage, list[str]]:
    """Read a configuration, or what coverage.py finds by itself if None; return coverage.py's object and what it has to say.

    Raises:
        ConfigurationError: it cannot be read, or makes no sense.
    """
    from coverage import Coverage  # noqa: PLC0415 (few commands need it)
    from coverage.exceptions import ConfigError, CoverageException  # noqa: PLC0415

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            tool = Coverage(data_file=None, config_file=str(file) if file else True)
        except (CoverageException, ConfigError, UnicodeDecodeError, OSError) as error:
            raise ConfigurationError(file, f"coverage.py cannot read it: {_one_line(error)}") from error
    return tool, [str(each.message) for each in caught]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _list(tool: Coverage) -> list[str]:
    named: Any = tool.get_option("run:plugins")
    return list(named or ())


def _is_installed(name: str) -> bool:
    top = name.partition(".")[0]  # to find a.b, a is imported: this runs in a server, whose engine is starting
    try:
        return top in sys.modules or importlib.util.find_spec(top) is not None
    except Exception:  # noqa: BLE001 (a foreign finder may raise anything)
        return False

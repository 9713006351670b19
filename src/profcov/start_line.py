"""The line that is said at start: where to, by which engine, and what is measured."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from profcov.settings import Settings

_OPTIONS: Final = ("source", "source_pkgs", "source_dirs", "include")
_SEARCHED: Final = (".coveragerc", "setup.cfg", "tox.ini", "pyproject.toml")
"""Where coverage.py looks for a configuration if it is not given one."""
_MAX_CHARS: Final = 200


def describe(settings: Settings) -> str:
    """Return the line, without loading coverage.py: a process that is never traced does without it."""
    options = _read_options(settings.config_file)
    sources = ", ".join(" ".join(each.split()) for each in map(options.get, _OPTIONS) if each)
    if len(sources) > _MAX_CHARS:
        sources = f"{sources[: _MAX_CHARS - 3]}..."
    branch = options.get("branch", "").strip().lower() in {"1", "true", "yes", "on"}
    can_monitor = hasattr(sys, "monitoring") and not branch
    engine = settings.engine if settings.engine != "auto" else "monitoring" if can_monitor else "ctrace"
    return (
        f"recording into {settings.data_dir}, engine {engine}, measuring {sources or 'all code that is not installed'}"
    )


def _read_options(config_file: Path | None) -> dict[str, str]:
    """Return what a coverage configuration says under ``run``; coverage.py itself is not loaded before it is needed."""
    for path in [config_file] if config_file else map(Path, _SEARCHED):
        try:
            text = path.read_text(encoding="utf-8")
            options = _parse_toml(text) if path.suffix == ".toml" else _parse_ini(text)
        except (OSError, ValueError):  # coverage.py complains when the engine starts
            continue
        if options is not None:
            return options
    return {}


def _parse_ini(text: str) -> dict[str, str] | None:
    import configparser  # noqa: PLC0415 (only where profcov is on)

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return next((dict(parser[name]) for name in ("coverage:run", "run") if parser.has_section(name)), None)


def _parse_toml(text: str) -> dict[str, str] | None:
    import tomllib  # noqa: PLC0415 (as above)

    document: dict[str, Any] = tomllib.loads(text)
    found = document.get("tool", document).get("coverage", {}).get("run")
    if not isinstance(found, dict):
        return None
    return {name: " ".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in found.items()}

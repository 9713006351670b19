"""What ``profcov run`` measures where no configuration says it: what ``--source`` names, else the installed application."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
import sysconfig
from importlib.machinery import PathFinder
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from profcov.configuration import name_sources, note_settings
from profcov.configuration.omissions import NOTHING, name_omissions
from profcov.configuration.plugins import read_configuration
from profcov.reading.symbols.archives import find_archive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from profcov.settings import Settings

_LAUNCHERS: Final = frozenset(
    {
        "celery",
        "circus",
        "coverage",
        "daphne",
        "ddtrace",
        "debugpy",
        "django",
        "elasticapm",
        "falcon",
        "fastapi",
        "fastapi_cli",
        "flask",
        "granian",
        "gunicorn",
        "honcho",
        "hypercorn",
        "litestar",
        "newrelic",
        "opentelemetry",
        "profcov",
        "pytest",
        "quart",
        "robot",
        "rq",
        "scalene",
        "sentry_sdk",
        "starlette",
        "supervisor",
        "uvicorn",
        "uwsgi",
        "viztracer",
        "waitress",
        "watchfiles",
        "watchdog",
        "werkzeug",
        "wsgiref",
    }
)
"""Programs that start another application: they are never meant themselves."""
_MAX_SOURCE_CHARS: Final = 200
_PYTHON: Final = re.compile(r"(python|pypy)[0-9.t]*(\.exe)?")
_OBJECT: Final = re.compile(r"([A-Za-z_][\w.]*):[A-Za-z_][\w.]*(\(.*\))?")
_APPLICATION_OPTIONS: Final = ("--app", "-A", "--application")


def write_sources(given: Sequence[str]) -> list[str]:
    """Return the lines of a coverage configuration's ``[run]`` that measure directories and packages, or else files.

    Raises:
        click.BadParameter: one is neither, or files are given with others.
    """
    options: dict[str, list[str]] = {}
    for each in given:
        path = Path(each)
        if path.is_dir():
            options.setdefault("source", []).append(str(path.absolute()))
        elif path.exists():
            inside = "/*" if find_archive(path) else ""
            options.setdefault("include", []).append(f"{path.absolute()}{inside}")
        elif _find(each.partition(".")[0]) is not None:
            options.setdefault("source_pkgs", []).append(each)
        else:
            raise click.BadParameter(
                f"{each!r} is neither an existing directory or file, nor a package that can be imported here",
                param_hint="--source",
            )
    if "include" in options and len(options) > 1:
        raise click.BadParameter(
            f"{options['include'][0]} is a file: give files only, or the directories that they are in",
            param_hint="--source",
        )
    return [line for name, values in options.items() for line in (f"{name} =", *(f"    {each}" for each in values))]


def write_omissions(sources: Sequence[str], given: Sequence[str]) -> list[str]:
    """Return the lines of a coverage configuration's ``[run]`` that leave out what was given, else tests and migrations."""
    patterns = [_anchor(each) for each in given if each]
    if not patterns:
        patterns = [NOTHING] if given else name_omissions([each for each in sources if not Path(each).is_file()])
    return ["omit =", *(f"    {each}" for each in patterns)] if patterns else []


def _anchor(pattern: str) -> str:
    """Return a pattern that fits the same files in another working directory."""
    return pattern if pattern.startswith(("*", "?")) or "/" not in pattern else str(Path(pattern).absolute())


def find_application(words: Sequence[str]) -> list[str]:
    """Return the packages of the installed application that a command starts; none where coverage.py measures it unasked.

    None either where coverage.py finds a configuration by itself, or where a script or ``-m`` starts who knows what and there
    is Python code in the working directory.
    """
    for name, is_sure in _name_modules(words):
        top = name.partition(".")[0]
        if top not in _LAUNCHERS and _is_installed(top) and (is_sure or not _has_code(Path.cwd())):
            return [] if _is_configured() else _list_packages(top)
    return []


def _is_configured() -> bool:
    """Return whether coverage.py finds a configuration by itself.

    Raises:
        ConfigurationError: it cannot be read.
    """
    tool, _ = read_configuration(None)
    tool.set_option("run:plugins", [])  # or they would be imported
    configured = dict(tool.sys_info()).get("configs_read")
    return bool(configured) and configured != "-none-"


def describe(chosen: Settings) -> str:
    """Return where the command records to, by which engine, and what is measured.

    Raises:
        ConfigurationError: what coverage.py finds cannot be read.
    """
    tool, _ = read_configuration(chosen.config_file)
    sources = ", ".join(" ".join(each.split()) for each in name_sources(note_settings(tool)))
    if len(sources) > _MAX_SOURCE_CHARS:
        sources = f"{sources[: _MAX_SOURCE_CHARS - 3]}..."
    can_monitor = hasattr(sys, "monitoring") and not tool.get_option("run:branch")
    engine = chosen.engine if chosen.engine != "auto" else "monitoring" if can_monitor else "ctrace"
    return f"recording into {chosen.data_dir}, engine {engine}, measuring {sources or 'all that is not installed'}"


def _name_modules(words: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Name the modules that a command may start, in its order, and whether each is an application for sure."""
    scripts = sysconfig.get_path("scripts")
    for earlier, before, word in zip(["", "", *words], ["", *words], words, strict=False):
        script = None if word.startswith("-") else shutil.which(word)
        if script and os.path.dirname(script) == scripts:  # noqa: PTH120 (text as which has it)
            yield from ((each.module, False) for each in entry_points(group="console_scripts", name=Path(script).name))
        if before == "-m" and _PYTHON.fullmatch(Path(earlier).name):
            yield word, False
        elif before in _APPLICATION_OPTIONS or word.startswith("--app="):
            yield word.removeprefix("--app=").partition(":")[0], True
        elif found := _OBJECT.fullmatch(word):
            yield found[1], True


def _has_code(directory: Path) -> bool:
    return any(directory.glob("*.py")) or any(directory.glob("*/__init__.py"))


def _list_packages(top: str) -> list[str]:
    """Return the top-level packages of the distribution that one of them is of."""
    owners = packages_distributions()
    of_it = owners.get(top, [])
    return [
        top,
        *sorted(
            name for name, each in owners.items() if name != top and set(each) & set(of_it) and _is_installed(name)
        ),
    ]


def _is_installed(top: str) -> bool:
    """Return whether a name is a package or module of this environment, and not one beside the command."""
    if PathFinder.find_spec(top, [os.getcwd()]) is not None or (spec := _find(top)) is None:  # noqa: PTH109 (wants text)
        return False
    places = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return any(str(Path(each).parent) in places for each in spec)


def _find(top: str) -> list[str] | None:
    """Return where a top-level name's package or module is, or None, without running any of its code."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    return list(spec.submodule_search_locations or ([spec.origin] if spec.has_location and spec.origin else []))

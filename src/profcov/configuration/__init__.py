"""The coverage.py settings that decide what is measured: how a process notes them, and how a reader applies them."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from profcov.configuration.omissions import name_omissions
from profcov.configuration.options import SOURCES, read_option
from profcov.configuration.plugins import check_plugins

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from coverage import Coverage

OPTIONS: Final = {
    **{name: f"run:{name}" for name in SOURCES},
    "include": "run:include",
    "omit": "run:omit",
    "branch": "run:branch",
    "relative_files": "run:relative_files",
    "plugins": "run:plugins",
    "report_include": "report:include",
    "report_omit": "report:omit",
    "exclude_lines": "report:exclude_lines",
    "paths": "paths",
}
"""The noted name and coverage.py's name of each option. An option with coverage.py's default is left out."""
_ELSEWHERE: Final = frozenset({"branch", "paths"})
"""Options that decide neither which files are measured nor which lines are statements."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration of coverage.py: a file; the ``measured`` settings, if given; or the one that coverage.py finds by itself."""

    file: Path | None = None
    measured: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        file = self.file or (self.measured or {}).get("config_file")
        where = "the one that the server measured with" if self.measured else "the configuration that coverage.py finds"
        return str(file or where)

    def open(self, **arguments: Any) -> Coverage:
        """Return coverage.py's object with this configuration; the arguments are its own.

        Raises:
            coverage.exceptions.CoverageException: the configuration cannot be read or makes no sense.
            ConfigurationError: it names a plugin that cannot be imported.
        """
        tool = self._open(**arguments)
        check_plugins(tool, self)
        return tool

    def _open(self, **arguments: Any) -> Coverage:
        from coverage import Coverage  # noqa: PLC0415 (a process that records nothing does without coverage.py)

        if self.measured is None:
            return Coverage(config_file=str(self.file) if self.file else True, **arguments)
        tool = Coverage(config_file=False, **arguments)
        options = {
            OPTIONS[name]: value for name, value in self.measured.items() if name in OPTIONS and value is not None
        }
        plugins = self.measured.get("plugin_options") or {}
        options |= {f"{plugin}:{key}": value for plugin, each in plugins.items() for key, value in each.items()}
        for option, value in options.items():
            with contextlib.suppress(_unknown_option()):  # of another version of coverage.py
                tool.set_option(option, value)
        return tool

    def settings(self) -> dict[str, Any]:
        """Return coverage.py's settings, and the file that has them.

        Raises:
            coverage.exceptions.CoverageException: the configuration cannot be read or makes no sense.
        """
        if self.measured is not None:
            return dict(self.measured)
        return {**note_settings(self.open(data_file=None)), "config_file": str(self.file) if self.file else None}

    def locate(self, file: str) -> str:
        """Return the path of the file with this name in artifacts, as seen from the working directory."""
        root = self._root
        return os.path.join(root, file) if root else file  # noqa: PTH118 (names are text)

    @contextlib.contextmanager
    def at_root(self) -> Iterator[None]:
        """Work in the directory where it was measured, to which names and sources are relative, if it exists."""
        root = self._root
        with contextlib.chdir(root) if root else contextlib.nullcontext():
            yield

    @property
    def _root(self) -> str | None:
        root = None if self.measured is None else self.measured.get("root")
        return root if root and os.path.isdir(root) else None  # noqa: PTH112


def as_configuration(given: Configuration | Path | None) -> Configuration:
    """Return what is given, or the configuration that is in a file, or that coverage.py finds by itself."""
    return given if isinstance(given, Configuration) else Configuration(given)


def note_settings(tool: Coverage) -> dict[str, Any]:
    """Return coverage.py's settings that differ from its defaults, by the names of ``OPTIONS``."""
    found = {name: read_option(tool, option) for name, option in OPTIONS.items()}
    sources = [source for name in SOURCES for source in found[name] or ()]
    if set(found["omit"] or ()) == set(name_omissions(sources or [os.curdir])):  # readers do so by themselves
        found["omit"] = _defaults()["omit"]
    return {name: value for name, value in found.items() if value != _defaults()[name]}


def complete_settings(noted: Mapping[str, Any]) -> dict[str, Any]:
    """Return noted settings with all others, for people and programs; which lines coverage.py excludes by itself is its own affair."""
    return {**_defaults(), "exclude_lines": None, **noted}


def differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return in which options that decide on files and statements two settings differ."""
    wanted = [name for name in (*OPTIONS, "plugin_options") if name not in _ELSEWHERE]
    return [name for name in wanted if (one.get(name) or None) != (other.get(name) or None)]


def choose_settings(found: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """Return the settings that most have noted, the later ones of as many; and each of the others once."""
    counts: Counter[int] = Counter()
    kinds: list[Mapping[str, Any]] = []
    for each in reversed(found):
        if each not in kinds:
            kinds.append(each)
        counts[kinds.index(each)] += 1
    ranks = [dict(kinds[number]) for number, _ in counts.most_common()]
    return (ranks[0], ranks[1:]) if ranks else (None, [])


def unite_sources(found: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return settings that measure what any of these measures, if they differ in their sources only; else None."""
    first, *others = found
    named = all(any(each.get(name) for name in SOURCES) for each in found)
    if not named or any(set(differ(first, other)) - set(SOURCES) for other in others):
        return None
    united = {
        name: list(dict.fromkeys(source for each in found for source in each.get(name) or ())) for name in SOURCES
    }
    return {**first, **united}


def name_sources(settings: Mapping[str, Any]) -> list[str]:
    """Return what is measured; what is included counts only where no source is named. None: all that is not installed."""
    named = [str(each) for name in SOURCES for each in settings.get(name) or ()]
    return named or [str(each) for each in settings.get("include") or ()]


def tell_source(settings: Mapping[str, Any]) -> str:
    """Return what is measured, in words."""
    parts = [
        f"{name} = {', '.join(map(str, settings[name]))}"
        for name in (*SOURCES, "include", "omit")
        if settings.get(name)
    ]
    where = settings.get("config_file")
    return ("; ".join(parts) or "all that is not installed") + (f" ({where})" if where else "")


def list_settings(facts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the settings that shards or sidecars have noted."""
    found = [each for one in facts for each in (one.get("settings"), *(one.get("other_settings") or ()))]
    return [each for each in found if isinstance(each, dict) and each]


@cache
def _defaults() -> dict[str, Any]:
    from coverage import Coverage  # noqa: PLC0415

    tool = Coverage(config_file=False, data_file=None)
    return {name: read_option(tool, option) for name, option in OPTIONS.items()}


def _unknown_option() -> type[Exception]:
    from coverage.exceptions import ConfigError  # noqa: PLC0415

    return ConfigError

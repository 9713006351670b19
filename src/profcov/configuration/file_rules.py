"""Which files are measured: coverage.py's own rules, asked by the process that records and by the one that reads.

With ``recording.engine.c_tracer`` the only module that touches coverage.py's non-public names; a test pins those used.
"""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Any, Final

from coverage.files import GlobMatcher, abs_file, prep_patterns, relative_filename, set_relative_directory
from coverage.inorout import InOrOut

from profcov.configuration.options import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import FrameType

    from coverage import Coverage

PYTHON: Final = (".py", ".pyw")


class _NoPlugins:
    """Stands where coverage.py keeps its plugins: file tracers measure templates, and profcov measures Python."""

    file_tracers: Final = ()


def _ignore(msg: str, slug: str | None = None, once: bool = False) -> None:  # noqa: FBT001, FBT002 (its protocol)
    """Ignore coverage.py's warnings: they are about a whole run, which this is not."""


class FileRules:
    """Which files coverage.py measures by its settings; names and sources are relative to the working directory.

    Args:
        tool: coverage.py's object with the settings.
        folders: replace the configured sources. To find packages among these, coverage.py imports the packages around
            them: a process that must not run the application's code finds them itself.

    Raises:
        coverage.exceptions.ConfigError: a pattern is malformed, or a source is the root of the file system.
    """

    def __init__(self, tool: Coverage, folders: Sequence[str] | None = None) -> None:
        set_relative_directory()
        config: Any = tool.config
        if folders is not None:
            config = copy.copy(config)
            for name in SOURCES:
                setattr(config, name, list(folders) if name == "source" else [])
        self.name_of: Callable[[str], str] = relative_filename if config.relative_files else abs_file
        """Return the name that a file has in the data."""
        self._rules: Any = InOrOut(config, _ignore, None, include_namespace_packages=False)
        self._rules.plugins = _NoPlugins()  # type: ignore[assignment]
        known = vars(self._rules)
        found = known["source_dirs"] if "source_dirs" in known else known["source"]  # coverage.py before 7.8
        # Also as the configuration names them: files that are in them by links only belong to them.
        named = [os.path.abspath(each) for each in config.source or () if os.path.isdir(each)]  # noqa: PTH100, PTH112
        self._folders = tuple(os.path.join(each, "") for each in (*named, *found))  # noqa: PTH118

    def find_source(self, filename: str, frame: FrameType | None) -> str | None:
        """Return the path of the source of running code if it is measured; ``filename`` is the code object's."""
        if filename.startswith("<"):
            return None
        verdict = self._rules.should_trace(filename, frame)
        source: str = verdict.source_filename
        place = os.path.abspath(filename)  # noqa: PTH100 (a script is named as it was called)
        return source if source.endswith(PYTHON) and (verdict.trace or self._is_linked(source, place)) else None

    def measure(self, source: str, place: str) -> bool:
        """Return whether a file is measured when it runs; ``place`` is its path with the links that lead to it."""
        source = _make_encodable(source)  # or coverage.py refuses it, because it cannot write its name
        return self._rules.check_include_omit_etc(source, None) is None or self._is_linked(source, place)

    def omit(self, source: str, place: str) -> bool:
        """Return whether a file is left out by its name."""
        omit = self._rules.omit_match
        return bool(omit and (omit.match(source) or omit.match(place)))

    def _is_linked(self, source: str, place: str) -> bool:
        """Return whether a file that coverage.py finds outside of the source is in it by a symbolic link."""
        if not place.startswith(self._folders) or self._rules.source_match.match(source):
            return False
        is_wanted = not self._rules.third_match.match(source) and not self.omit(source, place)
        return is_wanted and _make_encodable(source) == source


def match_files(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Return a function that checks whether a path matches one of coverage.py's file patterns.

    Raises:
        coverage.exceptions.ConfigError: a pattern is malformed.
    """
    return GlobMatcher(prep_patterns(patterns)).match


def _make_encodable(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8")

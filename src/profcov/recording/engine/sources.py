"""Which running code is measured, and under what name: by coverage.py's own rules."""

from __future__ import annotations

import os
import sys
from importlib.machinery import SourceFileLoader
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import coverage

from profcov.configuration import note_settings
from profcov.configuration.file_rules import FileRules
from profcov.configuration.omissions import omit_by_name
from profcov.configuration.plugins import list_missing
from profcov.recording import STARTED_AT
from profcov.recording.engine.versions import CO_OPTIMIZED, MARK, SourceFile
from profcov.recording.faults import OWN, log_once, raise_foreign

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import CodeType, FrameType

    from profcov.recording.engine.base import Executed
    from profcov.recording.scope import Scope

_DEMO: Final = os.path.join(OWN, "demo") + os.sep  # noqa: PTH118


def _is_hooked(names: dict[str, Any]) -> bool:
    """Return whether a module's code may differ from what its file compiles to, because a hook loaded it."""
    return type(getattr(names.get("__spec__"), "loader", None)) is not SourceFileLoader


def _ignore_file(filename: str) -> None:
    """Do nothing: this engine asks about each code object."""


class Sources:
    """The verdict on each file, decided once per file name of code objects.

    Args:
        config_file: coverage.py configuration; None lets coverage.py search for one as it does.

    Raises:
        coverage.exceptions.CoverageException: the configuration cannot be read or is invalid.
    """

    def __init__(self, config_file: Path | None) -> None:
        self._verdicts: dict[str, SourceFile | None] = {}
        self._files: dict[str, SourceFile] = {}
        self.digests: dict[str, str | None] = {}
        """The sha256 of each version of a source that runs, by its key; None for code of no known version."""
        self.on_versions: Callable[[str], object] = _ignore_file
        """Called with a file, as code objects name it, whose code objects must be distinguished from now on."""
        self.outside: dict[tuple[str, int], None] = {}
        """Functions that were first entered outside of any unit, by the keys of their files and first lines, as far as observed."""
        self._modules: set[str] = set()
        self._looked_at, self._newest = 0, ""
        self._imported: dict[str, None] = {}
        reader = coverage.Coverage(data_file=None, config_file=str(config_file) if config_file else True)
        self.settings: dict[str, Any] = {
            **note_settings(reader),
            **({"plugin_options": reader.config.plugin_options} if reader.config.plugin_options else {}),
            "config_file": reader.config.config_file,
            "root": os.getcwd(),  # noqa: PTH109 (text, for JSON)
        }
        """coverage.py's settings, so that readers use the same."""
        omit_by_name(reader)  # of these settings, because readers do so, too
        self.branch = bool(reader.get_option("run:branch"))
        self._missing = list_missing(reader)
        self._rules = FileRules(reader)

    def tell_missing(self) -> None:
        """Log which coverage.py plugins are not installed: this process works without them, but readers of its data do not."""
        if self._missing:
            log_once(
                "plugin",
                "the coverage configuration names a plugin that is not installed here, %s: this process records without it, "
                "but profcov combine and reports need it where they run",
                ", ".join(self._missing),
            )

    def measured(self, filename: str, frame: FrameType | None) -> str | None:
        """Return the key of the file version that a running code object is of, or None if it is not measured.

        The key is the name that the file has in the data, unless the process runs other versions of it, too.
        """
        if filename.startswith("<"):  # it is no file, and may be a different name for each piece of code
            return None
        try:
            file = self._verdicts[filename]
        except KeyError:
            file = self._meet(filename, frame)
        if file is None:
            return None
        return file.name if frame is None else file.key_of(frame.f_code)

    def _meet(self, filename: str, frame: FrameType | None) -> SourceFile | None:
        # No lock: two threads may compute the same, but none waits for one that the collector has interrupted.
        source = self._find_source(filename, frame)
        if source is None:
            return self._verdicts.setdefault(filename, None)
        code, file = None if frame is None else frame.f_code, self._files.get(source)
        if file is None:
            file = SourceFile(source, self._rules.name_of(source), self.digests, self._tell_versions)
            names = {} if frame is None else frame.f_globals
            file.meet(code, STARTED_AT, is_hooked=names.get("__spec__") is not None and _is_hooked(names))
            file = self._files.setdefault(source, file)
        else:  # under another name: it was run again
            file.look_again(code)
        return self._verdicts.setdefault(filename, file)

    def _tell_versions(self, file: SourceFile) -> None:
        for filename in [name for name, each in dict(self._verdicts).items() if each is file]:
            self.on_versions(filename)

    def is_mixed(self, filename: str) -> bool:
        """Return whether the code objects of a file are of more than one version of it."""
        file = self._verdicts.get(filename)
        return file is not None and file.is_mixed

    def doubt(self, filename: str) -> str:
        """Return the key for code of no known version of a file."""
        file = self._verdicts.get(filename)
        return filename if file is None else file.doubt()

    def look_again(self, module: object) -> None:
        """Note that a module is run, possibly again; cheap the first time."""
        try:
            names = object.__getattribute__(module, "__dict__")
            file = self._verdicts.get(names.get("__file__"))
            if file is not None and file.look_again() and _is_hooked(names):
                file.doubt()
        except Exception as error:  # noqa: BLE001 (anything can stand in sys.modules)
            raise_foreign(error)

    def by_version(self, executed: Executed) -> list[tuple[Executed, dict[str, str | None]]]:
        """Divide what ran into parts with one version of each file, under the names of files, with the sha256 of these."""
        parts: list[tuple[Executed, dict[str, str | None]]] = [({}, {})]
        for key, lines in executed.items():
            name = key.partition(MARK)[0]
            free = [part for part in parts if name not in part[0]]
            if not free:
                free = [({}, {})]
                parts += free
            ran, digests = free[0]
            ran[name] = lines
            if key in self.digests:
                digests[name] = self.digests[key]
        return parts

    def note_entry(self, key: str, code: CodeType, scope: Scope | None) -> None:
        """Note that a code object is entered for the first time, for this scope."""
        # No body of a module or class, nor a lambda in a signature, which begins where its function does.
        if scope is None and code.co_flags & CO_OPTIMIZED and not code.co_name.startswith("<"):
            self.outside[key, code.co_firstlineno] = None

    def outside_since(self, known: int) -> dict[str, list[int]]:
        """Return the functions that were first entered outside of any unit, except the first ``known`` ones, by their files."""
        found: dict[str, set[int]] = {}
        for key, line in list(self.outside)[known:]:
            found.setdefault(key.partition(MARK)[0], set()).add(line)
        return {file: sorted(lines) for file, lines in sorted(found.items())}

    def list_unmeasured(self) -> list[str]:
        """Return the files known not to be measured, as code objects name them."""
        return [filename for filename, verdict in dict(self._verdicts).items() if verdict is None]

    def imported(self) -> set[str]:
        """Return the measured files that this process has imported, by their names in the data; cheap if none is new."""
        if len(sys.modules) == self._looked_at and next(reversed(sys.modules)) == self._newest:
            return set(self._imported.copy())
        try:
            count, fresh = len(sys.modules), []
            # Newest first, and no further: touching all modules in a forked child copies their memory pages.
            for name in reversed(sys.modules):
                if name not in self._modules:
                    fresh.append(name)
                elif len(fresh) >= count - self._looked_at:
                    break
            for name in fresh:
                self._look_at(sys.modules.get(name))
                self._modules.add(name)
            self._looked_at, self._newest = count, next(reversed(sys.modules))
        except RuntimeError:  # another thread imports something at this moment: the next call has it
            pass
        return set(self._imported.copy())

    def _look_at(self, module: object) -> None:
        try:
            # Not by getattr: a module that loads itself on first access must not do so for us.
            names = object.__getattribute__(module, "__dict__")
            frame: Any = SimpleNamespace(f_globals=names)
            filename = str(names["__file__"])
            source = self._find_source(filename, frame)
        except Exception as error:  # noqa: BLE001 (anything can stand in sys.modules)
            raise_foreign(error)
            return
        if source is None:
            self._verdicts.setdefault(filename, None)  # known before the first unit, and before a worker forks
        else:
            name = self._rules.name_of(source)
            self._imported[name] = None

    def _find_source(self, filename: str, frame: FrameType | None) -> str | None:
        """Return the path of a file's source if it is measured."""
        source = self._rules.find_source(filename, frame)
        return None if source and source.startswith(OWN) and not source.startswith(_DEMO) else source

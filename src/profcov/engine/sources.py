"""Which files are measured, and under what name: coverage.py's own rules, read by coverage.py itself.

With ``ctrace`` the only module that touches coverage.py's non-public names; a test pins those used.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import threading
from types import CodeType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import coverage
from coverage.files import abs_file, relative_filename, set_relative_directory
from coverage.inorout import InOrOut

from profcov.engine.started import STARTED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

_OWN: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep  # noqa: PTH100, PTH120
_DEMO: Final = os.path.join(_OWN, "demo") + os.sep  # noqa: PTH118
_PYTHON: Final = (".py", ".pyw")


class _NoPlugins:
    """Stands where coverage.py keeps its plugins: file tracers measure templates, and profcov measures Python."""

    file_tracers: Final = ()


def _ignore(msg: str, slug: str | None = None, once: bool = False) -> None:  # noqa: FBT001, FBT002 (its protocol)
    """Take coverage.py's warnings: they speak of a run from start to end, which this is not."""


class Sources:
    """The verdict on each file, once a file name as code objects have it.

    Args:
        config_file: coverage.py configuration; None lets coverage.py search for one as it does.

    Raises:
        coverage.exceptions.CoverageException: the configuration cannot be read or makes no sense.
    """

    def __init__(self, config_file: Path | None) -> None:
        self._verdicts: dict[str, str | None] = {}
        self.digests: dict[str, str | None] = {}
        """The sha256 of the source that runs, by the file's name in the data; None if it has been changed since."""
        self._modules: set[str] = set()
        self._looked_at, self._newest = 0, ""
        self._imported: set[str] = set()
        self.lock = threading.RLock()
        set_relative_directory()
        reader = coverage.Coverage(data_file=None, config_file=str(config_file) if config_file else True)
        self.branch = bool(reader.get_option("run:branch"))
        self._name = relative_filename if reader.get_option("run:relative_files") else abs_file
        self._in_or_out = InOrOut(reader.config, _ignore, None, include_namespace_packages=False)
        self._in_or_out.plugins = _NoPlugins()  # type: ignore[assignment]

    def measured(self, filename: str, frame: FrameType | None) -> str | None:
        """Return the name that a code object's file has in the data, or None if it is not measured."""
        try:
            return self._verdicts[filename]
        except KeyError:
            pass
        with self.lock:
            source = self._find_source(filename, frame)
            verdict = self._verdicts[filename] = None if source is None else self._name(source)
            if source is not None and verdict is not None:
                with contextlib.suppress(OSError):  # it is gone
                    self.digests[verdict] = _digest(source, frame)
            return verdict

    def list_unmeasured(self) -> list[str]:
        """Return the files that are known not to be measured, as code objects name them."""
        return [filename for filename, verdict in self._verdicts.items() if verdict is None]

    def imported(self) -> set[str]:
        """Return the measured files that this process has imported, by their names in the data; cheap where none is new."""
        if len(sys.modules) == self._looked_at and next(reversed(sys.modules)) == self._newest:
            return self._imported
        if not self.lock.acquire(blocking=False):  # who has it may be waiting for what our caller has
            return self._imported
        try:
            count, fresh = len(sys.modules), []
            # Newest first, and no further: to touch all modules in a forked child copies the pages that they are on.
            for name in reversed(sys.modules):
                if name not in self._modules:
                    fresh.append(name)
                elif len(fresh) >= count - self._looked_at:
                    break
            for name in fresh:
                self._modules.add(name)
                self._look_at(sys.modules.get(name))
            self._looked_at, self._newest = count, next(reversed(sys.modules))
        except RuntimeError:  # another thread imports something at this moment: it comes with the next
            pass
        finally:
            self.lock.release()
        return self._imported

    def _look_at(self, module: Any) -> None:
        try:
            # Not by getattr: a module that loads itself when it is first asked is not to do so for us.
            names = object.__getattribute__(module, "__dict__")
            frame: Any = SimpleNamespace(f_globals=names)
            filename = str(names["__file__"])
            source = self._find_source(filename, frame)
        except Exception:  # noqa: BLE001 (anything can stand in sys.modules)
            return
        if source is None:
            self._verdicts.setdefault(filename, None)  # known before the first unit, and before a worker forks
        else:
            self._imported = self._imported | {self._name(source)}

    def _find_source(self, filename: str, frame: FrameType | None) -> str | None:
        """Return the path of a file's source if it is measured."""
        if filename.startswith("<"):
            return None
        disposition: Any = self._in_or_out.should_trace(filename, frame)
        source: str = disposition.source_filename
        if not disposition.trace or not source.endswith(_PYTHON):
            return None
        return None if source.startswith(_OWN) and not source.startswith(_DEMO) else source


def _digest(source: str, frame: FrameType | None) -> str | None:
    """Return the sha256 of a source as it was imported, or None if it has been changed since.

    A file that was touched after the process had started is compiled, to see whether the code that runs came from it.

    Raises:
        OSError: it cannot be read.
    """
    with open(source, "rb") as file:  # noqa: PTH123
        is_touched = os.fstat(file.fileno()).st_ctime >= STARTED
        content = file.read()
    if is_touched and frame is not None:
        try:
            whole = compile(content, frame.f_code.co_filename, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return None
        if frame.f_code not in _list_codes(whole):
            return None
    return hashlib.sha256(content).hexdigest()


def _list_codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _list_codes(constant)

"""Which files are measured, and under what name: coverage.py's own rules, read by coverage.py itself.

With ``ctrace`` the only module that touches coverage.py's non-public names; a test pins those used.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from typing import TYPE_CHECKING, Any, Final

import coverage
from coverage.files import abs_file, relative_filename, set_relative_directory
from coverage.inorout import InOrOut

if TYPE_CHECKING:
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
        self.digests: dict[str, str] = {}
        """The sha256 of each measured file when it was first met, by its name in the data."""
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
            verdict = self._judge(filename, frame)
            self._verdicts[filename] = verdict
            return verdict

    def _judge(self, filename: str, frame: FrameType | None) -> str | None:
        if filename.startswith("<"):
            return None
        disposition: Any = self._in_or_out.should_trace(filename, frame)
        source = disposition.source_filename
        if not disposition.trace or not source.endswith(_PYTHON):
            return None
        if source.startswith(_OWN) and not source.startswith(_DEMO):
            return None
        name = self._name(source)
        with contextlib.suppress(OSError), open(source, "rb") as file:  # noqa: PTH123
            self.digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
        return name

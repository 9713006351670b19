"""The collector: start and stop coverage.py from Python; keep, save, load and merge what it found."""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import coverage
from coverage import CoverageData
from coverage.exceptions import ConfigError, CoverageException

from profcov.collector.config import CoverageConfig
from profcov.errors import CollectorStateError, CoverageMergeError, CoverageReadError, as_read_error, as_write_error
from profcov.store.content import Content, read_content
from profcov.store.files import file_digest, replace_file, replacing
from profcov.store.layout import host_name
from profcov.store.line_sets import to_bits
from profcov.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

_QUIET: Final = ["no-data-collected", "module-not-measured", "module-not-imported", "no-sysmon"]
_JSON_VERSION: Final = 1


class CoverageCollector:
    """Collect the lines, or branches, that this process runs between ``start`` and ``stop``, in all its threads.

    Start it before the modules of interest are imported, or their ``def`` lines are missing. It can be started again
    after it was stopped, and then adds to what it has. As a context manager it is started and stopped with the block.

    Args:
        source_root: the directory that is measured; the configuration's ``root`` if None.
        config: what is measured, and where it is saved; the defaults if None.
    """

    def __init__(self, source_root: str | Path | None = None, config: CoverageConfig | None = None) -> None:
        self.config = config or CoverageConfig()
        self.source_root = Path(source_root or self.config.root).resolve()
        self._content = Content()
        self._tool: coverage.Coverage | None = None
        self._mutex = threading.RLock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to collect; do nothing if the configuration has ``enabled: false``.

        Raises:
            CollectorStateError: it is already collecting, or coverage.py cannot start.
        """
        with self._mutex:
            if self._tool is not None:
                raise CollectorStateError("start", "it collects already")
            if not self.config.enabled:
                return
            tool = coverage.Coverage(
                data_file=None,
                config_file=False,
                branch=self.config.branch,
                include=self._anchor(self.config.include or ("*.py",)),
                omit=self._anchor(self.config.exclude),
                messages=False,
            )
            tool.set_option("run:disable_warnings", _QUIET)
            try:
                tool.start()
            except (ConfigError, CoverageException, RuntimeError) as error:  # an invalid pattern; no free tool id
                raise CollectorStateError("start", str(error)) from error
            self._tool = tool

    def stop(self) -> None:
        """Stop collecting.

        Raises:
            CollectorStateError: it was not started.
        """
        with self._mutex:
            if self._tool is None:
                if not self.config.enabled:
                    return
                raise CollectorStateError("stop", "it was not started")
            self._tool.stop()
            self._take()
            _close(self._tool.get_data())
            self._tool = None

    def get_coverage_data(self) -> CoverageData:
        """Return what was collected, loaded and merged so far, as coverage.py's data; a copy, in memory only.

        ``close(force=True)`` gives its memory back early.
        """
        data = CoverageData(no_disk=True)
        self._now().fill(data)
        return data

    def save(self, path: str | Path | None = None) -> Path:
        """Write what was collected, whole or not at all, with its metadata; return the data's path.

        Args:
            path: where; the configuration's ``location`` if None. With ``parallel``, host, pid and a number are added.

        Raises:
            CoverageWriteError: it cannot be written.
        """
        target = Path(path or self.config.location)
        if self.config.parallel:
            target = target.with_name(f"{target.name}.{host_name()}.{os.getpid()}.{secrets.randbelow(10**15)}")
        content = self._now()
        with as_write_error(target, CoverageException):
            target.parent.mkdir(parents=True, exist_ok=True)
            with replacing(target) as fresh:
                if self.config.format == "json":
                    fresh.write_text(_to_json(content), encoding="utf-8")
                else:
                    content.write(fresh)
            self._save_metadata(target, content)
        return target

    def load(self, path: str | Path | None = None) -> None:
        """Add what was saved: with ``parallel``, by all processes.

        Args:
            path: the path given to ``save``; the configuration's ``location`` if None. A file that ``save`` returned, or
                any other coverage.py data file, works as well.

        Raises:
            CoverageReadError: there is nothing, or it is not coverage data.
            CoverageMergeError: it has branches, and this collector has lines only, or vice versa.
        """
        target = Path(path or self.config.location)
        files = [target] if target.is_file() else []
        if self.config.parallel and target.parent.is_dir():
            tail = re.compile(rf"{re.escape(target.name)}\.[A-Za-z0-9_-]+\.[0-9]+\.[0-9]+")
            files += sorted(each for each in target.parent.iterdir() if tail.fullmatch(each.name))
        if not files:
            raise CoverageReadError(target, "there is no such file")
        for file in files:
            self._add(_read(file), str(file))

    def merge(self, other: CoverageCollector) -> None:
        """Add the data of another collector.

        Raises:
            CoverageMergeError: it has branches, and this one lines only, or vice versa.
        """
        self._add(other._now(), str(other.source_root))

    def _add(self, content: Content, name: str) -> None:
        with self._mutex:
            whole = self._now()
            if (whole.lines and content.arcs) or (whole.arcs and content.lines):
                raise CoverageMergeError(name, "one has branches, and the other has lines only")
            self._content.add(content)

    def _now(self) -> Content:
        """Return a copy of all data so far."""
        with self._mutex:
            self._take()
            copy = Content()
            copy.add(self._content)
            return copy

    def _take(self) -> None:
        """Take coverage.py's new data, which in memory is one object per thread."""
        if self._tool is not None:
            self._content.add(_to_content(self._tool.get_data()))

    def _anchor(self, patterns: Iterable[str]) -> list[str]:
        """Return patterns that match below the root only; without a slash at the start they match at any depth."""
        root = re.sub(r"([*?[])", r"[\1]", self.source_root.as_posix())
        return [f"{root}{pattern}" if pattern.startswith("/") else f"{root}/**/{pattern}" for pattern in patterns]

    def _save_metadata(self, target: Path, content: Content) -> None:
        directory = self.config.metadata_location or target.parent
        facts = {
            "schema_version": _JSON_VERSION,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "data": str(target.absolute()),
            "format": self.config.format,
            "sha256": file_digest(target),
            "source_root": str(self.source_root),
            "branch": self.config.branch,
            "include": list(self.config.include),
            "exclude": list(self.config.exclude),
            "versions": {
                "profcov": __version__,
                "coverage": coverage.__version__,
                "python": platform.python_version(),
            },
            "platform": sys.platform,
            "host": host_name(),
            "pid": os.getpid(),
            "sources": {file: file_digest(file) for file in sorted(content.files)},
        }
        directory.mkdir(parents=True, exist_ok=True)
        replace_file(directory / f"{target.name}.json", [json.dumps(facts, indent=2).encode(), b"\n"])


def _close(data: CoverageData) -> None:
    """Free a data object's memory now: the interpreter would warn of it. coverage.py 7.6 has no such method."""
    close = getattr(data, "close", None)
    if close is not None:
        close(force=True)


def _to_content(data: CoverageData) -> Content:
    content = Content(files=set(data.measured_files()))
    for file in content.files:
        if data.has_arcs():
            content.arcs["", file] = set(data.arcs(file) or ())
        else:
            content.lines["", file] = to_bits(data.lines(file) or ())
    return content


def _to_json(content: Content) -> str:
    """Return lines by file, or arcs, under ``files``."""
    found: dict[str, Any] = {file: {"lines": sorted(lines)} for file, lines in content.lines_by_file().items()}
    arcs: dict[str, set[tuple[int, int]]] = {}
    for (_, file), pairs in content.arcs.items():
        arcs.setdefault(file, set()).update(pairs)
    for file, pairs in arcs.items():
        found.setdefault(file, {"lines": []})["arcs"] = sorted(pairs)
    return json.dumps({"schema_version": _JSON_VERSION, "files": found}, indent=2) + "\n"


def _read(path: Path) -> Content:
    """Return what is in a file, of either format.

    Raises:
        CoverageReadError: it is neither.
    """
    try:
        with as_read_error(path), path.open("rb") as file:
            is_json = file.read(1) == b"{"
        if not is_json:
            content = read_content(path)
            content.facts = {}
            return content
        with as_read_error(path):
            files = json.loads(path.read_text(encoding="utf-8"))["files"]
        content = Content(files=set(files))
        for name, found in files.items():
            if "arcs" in found:
                content.arcs["", name] = {(int(start), int(end)) for start, end in found["arcs"]}
            else:
                content.lines["", name] = to_bits(map(int, found["lines"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CoverageReadError(path, f"it is not what a collector saves ({error!r})") from error
    return content

"""The content of a data file, a shard or an artifact: read several times faster than by coverage.py, and written by it.

By the data format that coverage.py documents (https://coverage.readthedocs.io/en/latest/dbschema.html, version 7); files
of another version are read through ``CoverageData``.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import CoverageReadError
from profcov.store.facts import SHARD, find_wrong
from profcov.store.line_sets import to_bits, to_numbers, unite

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from coverage import CoverageData

Arc = tuple[int, int]
Key = tuple[str, str]
"""A context label and a file name."""

UNKNOWN: Final = "unknown"
"""What a shard has instead of the sha256 of a source that was changed after the process had imported it."""
FACTS: Final = "profcov"
"""Our key in the ``meta`` table of a shard; coverage.py reads its own there and leaves others alone."""
SCHEMA: Final = 7
"""The version of coverage.py's data format that is read directly, and written."""


@dataclass(slots=True)
class Content:
    """What is in data files: line numbers as bits of an integer, arcs as pairs, by context and file; and our facts."""

    lines: dict[Key, int] = field(default_factory=dict)
    arcs: dict[Key, set[Arc]] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    facts: dict[str, Any] = field(default_factory=dict)

    def add(self, other: Content, leave_out: frozenset[str] = frozenset()) -> None:
        """Add the content of another, except some files."""
        for key, bits in other.lines.items():
            if key[1] not in leave_out:
                self.lines[key] = self.lines.get(key, 0) | bits
        for key, arcs in other.arcs.items():
            if key[1] not in leave_out:
                self.arcs.setdefault(key, set()).update(arcs)
        self.files |= other.files - leave_out

    @property
    def names(self) -> set[str]:
        """Every file name in it, those of its facts included."""
        return {
            *self.files,
            *(file for _, file in (*self.lines, *self.arcs)),
            *self.sources,
            *self.imported,
            *self.outside,
        }

    @property
    def sources(self) -> dict[str, str]:
        """The sha256 of the sources that ran, by file."""
        found = self.facts.get("sources") or {}
        return {file: digest for file, digest in found.items() if isinstance(digest, str)}

    @property
    def imported(self) -> list[str]:
        """The measured files that were imported in the process that wrote it."""
        return [file for file in self.facts.get("imported") or () if isinstance(file, str)]

    @property
    def outside(self) -> dict[str, list[int]]:
        """The first lines of functions that ran outside of any unit, by file, as far as the writing process has seen them."""
        found: dict[str, list[int]] = self.facts.get("ran_outside") or {}
        return found

    def rename(self, names: Mapping[str, str]) -> None:
        """Give files other names; merge files that get the same name."""
        lines, arcs = self.lines, self.arcs
        self.lines, self.arcs, self.files = {}, {}, {names[file] for file in self.files}
        for (context, file), bits in lines.items():
            key = context, names[file]
            self.lines[key] = self.lines.get(key, 0) | bits
        for (context, file), pairs in arcs.items():
            self.arcs.setdefault((context, names[file]), set()).update(pairs)
        self.facts["sources"] = {names[file]: digest for file, digest in self.sources.items()}
        self.facts["imported"] = [names[file] for file in self.imported]
        if self.outside:
            self.facts["ran_outside"] = {names[file]: lines for file, lines in self.outside.items()}

    def bits_by_context(self) -> dict[str, dict[str, int]]:
        """Map each context to its files, and these to the lines that ran, as bits; arcs count as the lines they join."""
        found: dict[str, dict[str, int]] = {label: {} for label, _ in sorted((*self.lines, *self.arcs))}
        for (label, file), bits in self.lines.items():
            found[label][file] = bits
        for (label, file), arcs in self.arcs.items():
            joined = to_bits(number for arc in arcs for number in arc if number > 0)
            found[label][file] = found[label].get(file, 0) | joined
        return found

    def bits_by_file(self) -> dict[str, int]:
        """Map each file to the lines that ran in any context, as bits."""
        return unite(self.bits_by_context().values())

    def lines_by_file(self) -> dict[str, set[int]]:
        """Map each file to the lines that ran, in any context; arcs count as the lines that they join."""
        return {file: set(to_numbers(bits)) for file, bits in sorted(self.bits_by_file().items()) if bits}

    def write(self, path: Path) -> None:
        """Write a coverage.py data file.

        Raises:
            CoverageException: lines and arcs cannot be in one.
        """
        from coverage import CoverageData  # noqa: PLC0415 (a process that records nothing does without coverage.py)

        data = CoverageData(basename=str(path))
        if not self.lines and not self.arcs:
            data.add_lines({})  # so that there is a file
        self.fill(data)
        data.write()

    def fill(self, data: CoverageData) -> None:
        """Add the content to coverage.py's data.

        Raises:
            CoverageException: lines and arcs cannot be in one.
        """
        lines: dict[str, dict[str, list[int]]] = {}
        arcs: dict[str, dict[str, list[Arc]]] = {}
        for (context, file), bits in self.lines.items():
            lines.setdefault(context, {})[file] = to_numbers(bits)
        for (context, file), pairs in self.arcs.items():
            arcs.setdefault(context, {})[file] = sorted(pairs)
        for context in sorted({*lines, *arcs}):
            data.set_context(context)
            if context in lines:
                data.add_lines(lines[context])
            if context in arcs:
                data.add_arcs(arcs[context])
        if lines or arcs:
            data.touch_files(sorted(self.files))


def read_content(path: Path) -> Content:
    """Return what is in a data file. The file is not changed, whatever it is.

    Raises:
        CoverageReadError: it is not coverage.py's, it is damaged, or its checksum is wrong.
    """
    with _open(path) as connection:
        (version,) = connection.execute("SELECT version FROM coverage_schema").fetchone()
        content = _read_fast(connection) if version == SCHEMA else _read_slowly(path)
        wrong = find_wrong(content.facts, SHARD)
        if wrong:
            raise ValueError(f"profcov's facts are not what they should be: {', '.join(wrong)}")
    if content.facts and content.facts.pop("digest", None) != digest_content(content):
        raise CoverageReadError(path, "its content is not what was written: bytes of it have changed since")
    return content


def has_lines(path: Path) -> bool:
    """Return whether a data file has a line or a branch, without reading all of it.

    Raises:
        CoverageReadError: it is not coverage.py's, or it is damaged.
    """
    with _open(path) as connection:
        (found,) = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM line_bits) OR EXISTS (SELECT 1 FROM arc)"
        ).fetchone()
        return bool(found)


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a data file for reading.

    Raises:
        CoverageReadError: it cannot be read, whatever is wrong with it.
    """
    import sqlite3  # noqa: PLC0415 (a process that records nothing does without it)

    try:
        # It was renamed when it was complete, so no process writes to it: SQLite needs no locks.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            yield connection
    except Exception as error:  # the file may be damaged in any way; coverage.py has errors of its own
        raise CoverageReadError(path, f"it is not a coverage.py data file, or it is damaged ({error})") from error


def _read_fast(connection: sqlite3.Connection) -> Content:
    content = Content()
    files = dict(connection.execute("SELECT id, path FROM file"))
    contexts = dict(connection.execute("SELECT id, context FROM context"))
    content.files = set(files.values())
    for file_id, context_id, numbits in connection.execute("SELECT file_id, context_id, numbits FROM line_bits"):
        content.lines[contexts[context_id], files[file_id]] = int.from_bytes(numbits, "little")
    for file_id, context_id, start, end in connection.execute("SELECT file_id, context_id, fromno, tono FROM arc"):
        content.arcs.setdefault((contexts[context_id], files[file_id]), set()).add((start, end))
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (FACTS,)).fetchone()
    facts = json.loads(row[0]) if row else {}
    content.facts = facts if isinstance(facts, dict) else {}
    return content


def _read_slowly(path: Path) -> Content:
    """Read a file of another version of the format, if this coverage.py does."""
    from coverage import CoverageData  # noqa: PLC0415

    data = CoverageData(basename=str(path))
    data.read()
    content = Content(files=set(data.measured_files()))
    for context in data.measured_contexts():
        data.set_query_context(context)
        for file in content.files:
            if data.has_arcs():
                content.arcs[context, file] = set(data.arcs(file) or ())
            else:
                content.lines[context, file] = to_bits(data.lines(file) or ())
    return content


def digest_content(content: Content) -> str:
    """Return a checksum of lines, arcs and facts, whatever their order."""
    digest = hashlib.blake2b(json.dumps(content.facts, sort_keys=True).encode("ascii"), digest_size=16)
    for (context, file), bits in sorted(content.lines.items()):
        digest.update(f"{context}\0{file}\0{bits:x}\0".encode("utf-8", "surrogateescape"))
    for (context, file), arcs in sorted(content.arcs.items()):
        digest.update(f"{context}\0{file}\0{sorted(arcs)}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()

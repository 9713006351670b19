"""Reading shards and merging what is in them, several times faster than coverage.py merges files.

By the data format that coverage.py documents (https://coverage.readthedocs.io/en/latest/dbschema.html, version 7); files
of another version are read through ``CoverageData``.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from profcov.configuration import list_settings
from profcov.errors import CoverageReadError
from profcov.store.facts import SHARD, find_wrong
from profcov.store.files import file_digest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from coverage import CoverageData

Arc = tuple[int, int]
Key = tuple[str, str]
"""A context label and a file name."""

UNKNOWN: Final = "unknown"
"""What a shard has for the sha256 of a source that was changed after the process had imported it."""
FACTS: Final = "profcov"
"""Our key in the ``meta`` table of a shard; coverage.py reads its own there and leaves others alone."""
SCHEMA: Final = 7
"""The version of coverage.py's data format that is read fast, and written."""


@dataclass(slots=True)
class Content:
    """What is in data files: line numbers as bits of an integer, arcs as pairs, by context and file; and our facts."""

    lines: dict[Key, int] = field(default_factory=dict)
    arcs: dict[Key, set[Arc]] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    facts: dict[str, Any] = field(default_factory=dict)

    def add(self, other: Content, leave_out: frozenset[str] = frozenset()) -> None:
        """Add what is in another, without the files to be left out."""
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
        """The first lines of functions that ran outside of any unit, by file, as far as the process that wrote it has seen."""
        found: dict[str, list[int]] = self.facts.get("ran_outside") or {}
        return found

    def rename(self, names: Mapping[str, str]) -> None:
        """Give files other names; what two files have that get the same name becomes one's."""
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
        found: dict[str, int] = {}
        for files in self.bits_by_context().values():
            for file, bits in files.items():
                found[file] = found.get(file, 0) | bits
        return found

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
        """Add it to coverage.py's data.

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


@dataclass(slots=True)
class Gathered:
    """The shards of a slug that can be read, each with its content, and the others with the reason."""

    contents: dict[Path, Content] = field(default_factory=dict)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    """The sha256 of the sources that ran, by file; set by :meth:`merge`."""
    counted: frozenset[str] = frozenset()
    """The names of the shards that the artifact to append to has counted: they were kept."""

    @property
    def shards(self) -> list[Path]:
        """The shards that can be read."""
        return list(self.contents)

    @property
    def names(self) -> set[str]:
        """Every file name in them."""
        return set().union(*(each.names for each in self.contents.values()))

    def rename(self, names: Mapping[str, str]) -> None:
        """Give files other names, in each content."""
        if any(old != new for old, new in names.items()):
            for content in self.contents.values():
                content.rename(names)

    @property
    def imported(self) -> set[str]:
        """The measured files that were imported in the processes that wrote them."""
        return set().union(*(each.imported for each in self.contents.values()))

    @property
    def outside(self) -> dict[str, list[int]]:
        """The first lines of functions that ran outside of any unit, by file, as far as is known."""
        return unite_lines(each.outside for each in self.contents.values())

    @property
    def settings(self) -> list[Mapping[str, Any]]:
        """What coverage.py was told in the processes that wrote them, in the order of time, as often as it was noted."""
        return list_settings(each.facts for each in sorted(self.contents.values(), key=_when_written))

    @property
    def lost(self) -> int:
        """How many units of work had lines that could not be written, and were given up."""
        return sum(int(each.facts.get("lost", 0)) for each in self.contents.values())

    @property
    def new(self) -> list[Path]:
        """The shards that no artifact has counted which is appended to."""
        return [shard for shard in self.contents if shard.name not in self.counted]

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """What was noted of jobs."""
        return _list_jobs(self.contents.values())

    @property
    def counted_jobs(self) -> list[dict[str, Any]]:
        """Of that, what the artifact to append to has counted."""
        return _list_jobs(content for shard, content in self.contents.items() if shard.name in self.counted)

    @property
    def written(self) -> list[float]:
        """When they were written, in seconds since 1970."""
        return [float(each.facts["written"]) for each in self.contents.values() if "written" in each.facts]

    def merge(self, before: Content | None = None) -> tuple[Content, dict[str, list[str]]]:
        """Return everything in one, and the files of which there is more than one version, with the sha256 of each.

        Of such a file there are the lines of one version only: that on disk now, or else the known one recorded last.
        """
        parts = ([] if before is None else [before]) + list(self.contents.values())
        versions: dict[str, dict[str, float]] = {}
        for part in parts:
            for file, digest in part.sources.items():
                known = versions.setdefault(file, {})
                known[digest] = max(known.get(digest, 0.0), float(part.facts.get("written", 0.0)))
        changed = {file: sorted(known) for file, known in versions.items() if len(known) > 1 or UNKNOWN in known}
        self.sources = {file: _choose(file, known) for file, known in versions.items()}
        merged = Content()
        for part in parts:
            others = {file for file, digest in part.sources.items() if file in changed and digest != self.sources[file]}
            merged.add(part, frozenset(others))
        return merged, changed


def unite_lines(parts: Iterable[Mapping[str, Iterable[int]]]) -> dict[str, list[int]]:
    """Return the lines of each file that any part has."""
    found: dict[str, set[int]] = {}
    for part in parts:
        for file, lines in part.items():
            found.setdefault(file, set()).update(lines)
    return {file: sorted(lines) for file, lines in sorted(found.items())}


def _list_jobs(contents: Iterable[Content]) -> list[dict[str, Any]]:
    return [note for each in contents for note in each.facts.get("jobs", ())]


def _when_written(content: Content) -> float:
    return float(content.facts.get("written", 0.0))


def _choose(file: str, versions: dict[str, float]) -> str:
    now = file_digest(file) if len(versions) > 1 else None
    return now if now in versions else max(versions, key=lambda digest: (digest != UNKNOWN, versions[digest], digest))


def gather(shards: Sequence[Path]) -> Gathered:
    """Read shards; those that are symbolic links, or cannot be read, are set apart."""
    gathered = Gathered()
    for shard in shards:
        try:
            if shard.is_symlink():
                raise CoverageReadError(shard, "a symbolic link, which profcov does not follow")  # noqa: TRY301
            gathered.contents[shard] = read_content(shard)
        except CoverageReadError as error:
            gathered.unreadable.append((shard, str(error)))
    return gathered


def read_content(path: Path) -> Content:
    """Return what is in a data file. The file is not changed, whatever it is.

    Raises:
        CoverageReadError: it is not coverage.py's, it is damaged, or its lines are not those that were written.
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
    """Tell whether a data file has a line or a branch, without reading it.

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
    """Yield a data file to be read.

    Raises:
        CoverageReadError: it cannot be read, whatever is wrong with it.
    """
    import sqlite3  # noqa: PLC0415 (a process that records nothing does without it)

    try:
        # It was renamed when it was whole, so nobody writes to it: SQLite needs no locks.
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            yield connection
    except Exception as error:  # whatever is in the file may be wrong in its own way; coverage.py has errors of its own
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


def to_bits(numbers: Iterable[int]) -> int:
    """Return numbers as the bits of an integer."""
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return bits


def to_numbers(bits: int) -> list[int]:
    """Return the numbers whose bits are set, ascending."""
    return [number for number, bit in enumerate(reversed(f"{bits:b}")) if bit == "1"]


def to_numbits(bits: int) -> bytes:
    """Return bits as coverage.py stores them: number n is bit n % 8 of byte n // 8."""
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def digest_content(content: Content) -> str:
    """Return a checksum of lines, arcs and facts, whatever their order."""
    digest = hashlib.blake2b(json.dumps(content.facts, sort_keys=True).encode("ascii"), digest_size=16)
    for (context, file), bits in sorted(content.lines.items()):
        digest.update(f"{context}\0{file}\0{bits:x}\0".encode("utf-8", "surrogateescape"))
    for (context, file), arcs in sorted(content.arcs.items()):
        digest.update(f"{context}\0{file}\0{sorted(arcs)}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()

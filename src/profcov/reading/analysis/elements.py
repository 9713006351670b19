"""What profiles run as bits, all in one order, so that profiles can be compared: lines, symbols, or lines by job."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from profcov.reading.analysis.matrix import refine, renumber
from profcov.store.line_sets import to_numbers, unite
from profcov.wire.labels import read_function

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from profcov.reading.analysis.index import FileIndex, SymbolIndex
    from profcov.reading.analysis.matrix import Matrix
    from profcov.reading.symbols.model import Symbol
    from profcov.slug import Slug
    from profcov.store.read import Recorded

Unit = Literal["line", "symbol", "job-line"]
_CHUNK: Final = 4096
"""How many statements are laid out at a time; a multiple of eight."""


class Key(NamedTuple):
    """Whose lines these are: a file's, or those that one function ran of it as a job."""

    file: str
    job: str | None = None


class _Stretch(NamedTuple):
    """The elements from ``first`` on: lines of a file, as bits."""

    first: int
    key: Key
    lines: int


class Element(NamedTuple):
    """One line with the symbol that it is in, or one symbol; ``job`` is the function that ran it as a job."""

    symbol: Symbol
    line: int | None
    job: str | None = None

    @property
    def where(self) -> str:
        """The file as reports name it, with the line or lines."""
        return self.symbol.where if self.line is None else f"{self.symbol.place}:{self.line}"


@dataclass(frozen=True, slots=True)
class Elements:
    """What each profile runs, as bits: ``rows`` are in the order of ``slugs``. ``unit`` is what a bit is."""

    unit: Unit
    slugs: tuple[Slug, ...]
    rows: tuple[int, ...]
    _index: SymbolIndex
    _stretches: tuple[_Stretch, ...] = ()

    def locate(self, elements: int) -> Iterator[Element]:
        """Yield elements, given as bits, in the order of files and lines."""
        if self.unit == "symbol":
            yield from (Element(self._index.symbols[number], None) for number in to_numbers(elements))
            return
        found = sorted(
            map(self._find, to_numbers(elements)), key=lambda each: (each[0].file, each[0].job or "", each[1])
        )
        for key, line in found:
            yield Element(find_owner(self._index.files[key.file], line), line, key.job)

    def _find(self, number: int) -> tuple[Key, int]:
        place = bisect_right(self._stretches, number, key=lambda each: each.first) - 1
        first, key, lines = self._stretches[place]
        return key, next(islice(to_numbers(lines), number - first, None))


def find_owner(file: FileIndex, line: int) -> Symbol:
    """Return the symbol in whose own body a line is; the module has those outside of bodies."""
    owners = (symbol for symbol, body in zip(file.symbols, file.bodies, strict=True) if body >> line & 1)
    return next(owners, file.symbols[0])


def list_lines(matrix: Matrix) -> Elements:
    """Return the lines that profiles run."""
    return _lay_out("line", matrix, {Key(file): sets for file, sets in matrix.line_sets.items()})


def list_symbols(matrix: Matrix) -> Elements:
    """Return the symbols that profiles cover."""
    rows = tuple(reach.covered for reach in matrix.profiles.values())
    return Elements("symbol", tuple(matrix.profiles), rows, matrix.index)


@dataclass
class JobLines:
    """Collects lines with the function that ran them as a job, while artifacts pass through to the matrix."""

    index: SymbolIndex
    _slugs: list[Slug] = field(default_factory=list)
    _sets: dict[Key, dict[int, int]] = field(default_factory=dict)
    has_jobs: bool = False
    """Whether any context label names a job."""

    def collect(self, recorded: Iterable[Recorded]) -> Iterator[Recorded]:
        """Pass artifacts on, and keep their lines by job."""
        for each in recorded:
            by_job: dict[str | None, list[Mapping[str, int]]] = {}
            for label, files in each.content.bits_by_context().items():
                by_job.setdefault(read_function(label), []).append(files)
            for job, parts in by_job.items():
                self.has_jobs |= job is not None
                for file, lines in self.index.executed(unite(parts)).items():
                    key = Key(file, job)
                    self._sets[key] = refine(self._sets.get(key, {}), lines, 1 << len(self._slugs))
            self._slugs.append(each.slug)
            yield each

    def list_lines(self, matrix: Matrix) -> Elements:
        """Return a line once for each job, and once for all else, that ran it."""
        return _lay_out("job-line", matrix, renumber(self._sets, self._slugs))


def lay_out_lines(matrix: Matrix) -> tuple[int, ...]:
    """Return for each profile its statements as bits, all in one order."""
    return list_lines(matrix).rows


def _lay_out(unit: Unit, matrix: Matrix, sets: Mapping[Key, Mapping[int, int]]) -> Elements:
    count, stretches, first = len(matrix.profiles), [], 0
    for key, own in sets.items():
        for lines in own.values():
            stretches.append(_Stretch(first, key, lines))
            first += lines.bit_count()
    flags = _flag(sets, count)
    rows = [bytearray() for _ in range(count)]
    while chunk := "".join(islice(flags, _CHUNK)):
        for place, row in enumerate(rows):  # the lowest bit is the last character
            bits = chunk[count - 1 - place :: count][::-1].rjust(_CHUNK, "0")
            row.extend(int(bits, 2).to_bytes(_CHUNK // 8, "little"))
    numbers = tuple(int.from_bytes(row, "little") for row in rows)
    return Elements(unit, tuple(matrix.profiles), numbers, matrix.index, tuple(stretches))


def _flag(sets: Mapping[Key, Mapping[int, int]], count: int) -> Iterator[str]:
    """Yield for each line a character for each profile, the first profile last."""
    for own in sets.values():
        for profiles, lines in own.items():
            flags = f"{profiles:0{count}b}"
            for _ in range(lines.bit_count()):
                yield flags

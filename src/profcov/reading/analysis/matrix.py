"""The matrix: which profile covers which symbols, and which profiles cover a symbol."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, TypeVar

from profcov.reading.analysis.index import SymbolIndex
from profcov.store.line_sets import count_lines, to_flags, unite
from profcov.wire.labels import read_function

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from profcov.reading.symbols.model import Inventory, Symbol, SymbolName
    from profcov.slug import Slug
    from profcov.store.read import Recorded

K = TypeVar("K")
"""Whose lines they are: a file's, for one."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What one profile covers.

    ``covered`` has a bit for each symbol, in the order of the matrix. ``lines`` counts the statements that ran, as
    ``coverage report`` does, ``files`` the files they are in, and ``reached`` those of them that are within functions and
    methods. ``web_lines`` and ``job_lines`` ran outside and in jobs, which may share some; None if neither the context
    labels nor the sidecar distinguish them. ``unknown_files`` ran, too, but are not in the inventory. ``status`` is the
    artifact's: complete, partial or unknown.
    """

    covered: int
    lines: int
    files: int
    reached: int
    web_lines: int | None
    job_lines: int | None
    unknown_files: tuple[str, ...]
    status: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All profiles, sorted, beside all symbols, in the order of files and lines.

    ``executed`` has the statements that any profile ran, by file. ``line_sets`` has for each file the statements that exactly one
    set of profiles ran: profiles are bits, in the order of ``profiles``. ``imported`` are the files that were imported in the
    processes that worked for the profiles; ``knows_imports``: whether all artifacts record imports. ``outside`` has the first
    lines of functions that ran outside of any unit, as far as recorded.
    """

    index: SymbolIndex
    profiles: Mapping[Slug, Reach]
    executed: Mapping[str, int]
    line_sets: Mapping[str, Mapping[int, int]]
    imported: frozenset[str]
    knows_imports: bool
    outside: Mapping[str, AbstractSet[int]]

    def covered_by(self, slug: Slug) -> Iterator[SymbolName]:
        """Yield the symbols that a profile covers."""
        return self.index.names(self.profiles[slug].covered)

    def rows(self) -> Iterator[tuple[Symbol, bytes]]:
        """Yield each symbol with a byte for each profile: 1 if it covers the symbol, else 0."""
        symbols = self.index.symbols
        columns = [to_flags(reach.covered, len(symbols)) for reach in self.profiles.values()]
        rows = zip(*columns, strict=True) if columns else repeat(())
        for symbol, flags in zip(symbols, rows, strict=False):
            yield symbol, bytes(flags)


def build_matrix(inventory: Inventory, recorded: Iterable[Recorded]) -> Matrix:
    """Match what profiles ran with the inventory; read each artifact once, and do not keep it.

    A function or method is covered if a line of its own body ran. A class or module is covered if a line of its own
    body ran, or if anything in it is covered.
    """
    index = SymbolIndex(inventory)
    reaches: dict[Slug, Reach] = {}
    union: dict[str, int] = {}
    line_sets: dict[str, dict[int, int]] = {}
    imported: set[str] = set()
    knows_imports = True
    outside: dict[str, set[int]] = {}
    for each in recorded:
        lines = each.content.bits_by_file()
        executed = index.executed(lines)
        for file, statements in executed.items():
            union[file] = union.get(file, 0) | statements
            line_sets[file] = refine(line_sets.get(file, {}), statements, 1 << len(reaches))
        imported |= each.imported or set()
        for file, first_lines in each.outside.items():
            outside.setdefault(file, set()).update(first_lines)
        knows_imports = knows_imports and each.imported is not None
        count = count_lines(executed)
        web_lines, job_lines = _split(index, each, count)
        reaches[each.slug] = Reach(
            covered=index.covered(executed),
            lines=count,
            files=len(executed),
            reached=sum((index.files[file].callable_lines & ran).bit_count() for file, ran in executed.items()),
            web_lines=web_lines,
            job_lines=job_lines,
            unknown_files=tuple(sorted(file for file, bits in lines.items() if bits and file not in index.files)),
            status=each.status,
            reasons=each.reasons,
        )
    ordered = {slug: reaches[slug] for slug in sorted(reaches)}
    return Matrix(
        index, ordered, union, renumber(line_sets, list(reaches)), frozenset(imported), knows_imports, outside
    )


def refine(sets: Mapping[int, int], statements: int, profile: int) -> dict[int, int]:
    """Return which statements of a file exactly which profiles ran, after adding one more profile."""
    refined: dict[int, int] = {}
    for profiles, lines in sets.items():
        both = lines & statements
        if both:
            refined[profiles | profile] = both
        if both != lines:
            refined[profiles] = lines ^ both
        statements ^= both
    if statements:
        refined[profile] = statements
    return refined


def renumber(line_sets: dict[K, dict[int, int]], slugs: list[Slug]) -> dict[K, dict[int, int]]:
    """Number the profiles in sets of lines by name instead of by arrival."""
    if slugs == sorted(slugs):
        return line_sets
    ranks = {slug: rank for rank, slug in enumerate(sorted(slugs))}
    places = [ranks[slug] for slug in slugs]

    @cache
    def by_name(profiles: int) -> int:
        return sum(1 << place for number, place in enumerate(places) if profiles >> number & 1)

    return {key: {by_name(profiles): lines for profiles, lines in sets.items()} for key, sets in line_sets.items()}


def _split(index: SymbolIndex, recorded: Recorded, lines: int) -> tuple[int | None, int | None]:
    """Return how many of the lines ran outside of jobs, and how many in jobs, if the labels or the sidecar distinguish them."""
    content = recorded.content
    if all(read_function(label) is None for label, _ in (*content.lines, *content.arcs)):
        return (None, None) if recorded.facts is None or recorded.jobs else (lines, 0)
    by_context = content.bits_by_context()
    jobs, others = (
        unite(files for label, files in by_context.items() if (read_function(label) is not None) == is_job)
        for is_job in (True, False)
    )
    return count_lines(index.executed(others)), count_lines(index.executed(jobs))

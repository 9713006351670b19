"""What profiles have in common, and what each has alone: by lines, because one branch of a function may be a profile's purpose."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from profcov.reading.analysis.elements import lay_out_lines
from profcov.reading.analysis.minimise import rank

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from profcov.reading.analysis.index import FileIndex
    from profcov.reading.analysis.matrix import Matrix
    from profcov.reading.symbols.model import Symbol
    from profcov.slug import Slug


@dataclass(frozen=True, slots=True)
class Unique:
    """What only one profile runs: how many statements, and which symbols no other covers, as bits."""

    lines: int
    symbols: int


@dataclass(frozen=True, slots=True)
class SoleLines:
    """How many statements of a symbol only one profile runs; those outside of all bodies count for the module."""

    slug: Slug
    place: int
    symbol: Symbol
    lines: int


@dataclass(frozen=True, slots=True)
class Twin:
    """The profile that is most like another: ``likeness`` is the Jaccard index of their statements, 0 to 1."""

    slug: Slug
    likeness: float


@dataclass(frozen=True, slots=True)
class Pick:
    """A profile in the order of greedy cover: how many statements it adds to those before it, and the total so far."""

    slug: Slug
    adds: int
    total: int


def find_unique(matrix: Matrix) -> dict[Slug, Unique]:
    """Map each profile to what only it runs."""
    once = again = 0
    for reach in matrix.profiles.values():
        again |= once & reach.covered
        once |= reach.covered
    only, lines = once & ~again, count_line_sets(matrix)
    return {
        slug: Unique(lines[1 << place], reach.covered & only)
        for place, (slug, reach) in enumerate(matrix.profiles.items())
    }


def redundant_profiles(unique: Mapping[Slug, Unique]) -> list[Slug]:
    """Return the profiles any one of which could be dropped without losing a line."""
    return [slug for slug, each in unique.items() if not each.lines]


def count_line_sets(matrix: Matrix) -> Counter[int]:
    """Map each set of profiles, as bits in the order of the matrix, to how many statements exactly this set runs."""
    counts: Counter[int] = Counter()
    for sets in matrix.line_sets.values():
        for profiles, lines in sets.items():
            counts[profiles] += lines.bit_count()
    return counts


def list_sole_lines(matrix: Matrix) -> list[SoleLines]:
    """Return the lines that only one profile runs by symbol, in the order of files and lines."""
    slugs, found, first = list(matrix.profiles), [], 0
    for file, each in matrix.index.files.items():
        for profiles, lines in sorted(matrix.line_sets.get(file, {}).items()):
            if profiles.bit_count() == 1:
                slug = slugs[profiles.bit_length() - 1]
                found += [
                    SoleLines(slug, first + number, each.symbols[number], count)
                    for number, count in _divide(each, lines)
                ]
        first += len(each.symbols)
    return sorted(found, key=lambda sole: sole.place)


def _divide(file: FileIndex, lines: int) -> Iterator[tuple[int, int]]:
    """Yield the number of each symbol that has any of the lines, with how many; the module has those outside of bodies."""
    inner = [(number, (lines & body).bit_count()) for number, body in enumerate(file.bodies) if number]
    rest = lines.bit_count() - sum(count for _, count in inner)
    yield from ((number, count) for number, count in ((0, rest), *inner) if count)


def cover_greedily(matrix: Matrix) -> list[Pick]:
    """Return the profiles in the order in which each adds most to those before it, the first by name of several.

    This is greedy set cover, which finds few, but not always the fewest. Those that add nothing come last.
    """
    rows, slugs = lay_out_lines(matrix), list(matrix.profiles)
    picks, covered, total = [], 0, 0
    for place in rank(dict(enumerate(rows)), [1] * len(rows)):
        adds = (rows[place] & ~covered).bit_count()
        covered |= rows[place]
        total += adds
        picks.append(Pick(slugs[place], adds, total))
    return picks


def nearest_twins(matrix: Matrix) -> dict[Slug, Twin]:
    """Map each profile to the one that is most like it, the first by name of several; nothing if it is the only one.

    Two profiles without a line are alike.
    """
    best: dict[Slug, Twin] = {}
    rows = zip(matrix.profiles, lay_out_lines(matrix), strict=True)
    sets = [(slug, lines, lines.bit_count()) for slug, lines in rows]
    for place, (slug, lines, size) in enumerate(sets):
        for other, theirs, their_size in sets[place + 1 :]:
            common = (lines & theirs).bit_count()
            either = size + their_size - common
            likeness = common / either if either else 1.0
            if slug not in best or likeness > best[slug].likeness:
                best[slug] = Twin(other, likeness)
            if other not in best or likeness > best[other].likeness:
                best[other] = Twin(slug, likeness)
    return best

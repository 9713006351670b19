"""What profiles have in common, and what each has for itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from profcov.analysis.matrix import Matrix
    from profcov.slug import Slug


@dataclass(frozen=True, slots=True)
class Twin:
    """The profile that is most like another: ``likeness`` is the Jaccard index of their symbols, 0 to 1."""

    slug: Slug
    likeness: float


def unique_symbols(matrix: Matrix) -> dict[Slug, int]:
    """Map each profile to the symbols that no other profile covers, as bits."""
    once = again = 0
    for reach in matrix.profiles.values():
        again |= once & reach.covered
        once |= reach.covered
    only = once & ~again
    return {slug: reach.covered & only for slug, reach in matrix.profiles.items()}


def idle_profiles(unique: Mapping[Slug, int]) -> list[Slug]:
    """Return the profiles each of which could go, it alone, without a symbol being lost."""
    return [slug for slug, symbols in unique.items() if not symbols]


def nearest_twins(matrix: Matrix) -> dict[Slug, Twin]:
    """Map each profile to the one that is most like it, the first by name of several; none where it is alone.

    Two profiles without a symbol are alike.
    """
    best: dict[Slug, Twin] = {}
    sets = [(slug, reach.covered, reach.covered.bit_count()) for slug, reach in matrix.profiles.items()]
    for place, (slug, covered, size) in enumerate(sets):
        for other, theirs, their_size in sets[place + 1 :]:
            common = (covered & theirs).bit_count()
            either = size + their_size - common
            likeness = common / either if either else 1.0
            if slug not in best or likeness > best[slug].likeness:
                best[slug] = Twin(other, likeness)
            if other not in best or likeness > best[other].likeness:
                best[other] = Twin(slug, likeness)
    return best

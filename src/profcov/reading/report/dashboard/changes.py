"""What has changed since an earlier matrix, symbol by symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from profcov.reading.report.text import encodable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from profcov.reading.analysis.drift import Drift
    from profcov.reading.symbols.model import SymbolName
    from profcov.slug import Slug

MAX_NAMED: Final = 1000
"""How many gained symbols are named, and how many lost ones."""


def describe_changes(since: str, drift: Drift) -> dict[str, Any]:
    """Return the symbols that profiles gained and lost, each with its profiles, and how many there are.

    Only profiles that are in both matrices count: a new one gains all that it covers. A profile that is or was partial
    may differ only in what was recorded.
    """
    same = {slug: each for slug, each in drift.profiles.items() if each.state == "same"}
    gained = _turn((slug, each.gained) for slug, each in same.items())
    lost = _turn((slug, each.lost) for slug, each in same.items())
    return {
        "since": encodable(since),
        "gained": gained[:MAX_NAMED],
        "lost": lost[:MAX_NAMED],
        "new_profiles": [slug for slug, each in drift.profiles.items() if each.state == "new"],
        "gone_profiles": [slug for slug, each in drift.profiles.items() if each.state == "gone"],
        "counts": {"gained": len(gained), "lost": len(lost)},
        "partial": [slug for slug, each in same.items() if each.is_partial or each.was_partial],
    }


def _turn(found: Iterable[tuple[Slug, Iterable[SymbolName]]]) -> list[list[Any]]:
    """Return each symbol with its profiles, those with the most profiles first."""
    slugs: dict[str, list[Slug]] = {}
    for slug, names in found:
        for name in names:
            slugs.setdefault(encodable(name), []).append(slug)
    return [[name, slugs[name]] for name in sorted(slugs, key=lambda name: (-len(slugs[name]), name))]

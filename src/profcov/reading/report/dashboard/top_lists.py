"""The page without scripts: key figures, and the first rows of each list."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

from profcov.reading.analysis.overlap import list_sole_lines, nearest_twins, redundant_profiles
from profcov.reading.report.text import printable, tenths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from profcov.reading.analysis.gaps import State
    from profcov.reading.analysis.overlap import Unique
    from profcov.reading.report.dashboard.edition import Edition
    from profcov.slug import Slug

TOP: Final = 20
_NONE: Final = "\N{EN DASH}"
_STATES: Final[dict[State, str]] = {
    "never imported": "Modules never imported",
    "never called": "Modules imported, but never called",
    "not known": "Modules never reached",
}


@dataclass(frozen=True, slots=True)
class TopList:
    """The first rows of a list; ``total`` is how many it has. Cells are numbers or text.

    ``links`` are those of the first column, None for a row without one.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str | int, ...]]
    total: int
    links: Sequence[str | None]

    @property
    def numbers(self) -> set[int]:
        """Which columns are numbers."""
        return {place for row in self.rows[:1] for place, cell in enumerate(row) if isinstance(cell, int)}

    @property
    def more(self) -> int:
        """How many rows are left out."""
        return self.total - len(self.rows)


def key_figures(edition: Edition, document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the key figures: what each is, and how much; empty modules do not count."""
    matrix, gaps = edition.overview.matrix, edition.overview.gaps
    union = 0
    for reach in matrix.profiles.values():
        union |= reach.covered
    total = gaps.body_lines_total
    share = tenths(100 * gaps.body_lines_covered / (total or 1))
    modules = [each["state"] for each in document["modules"] if each["state"] != "empty"]
    incomplete = sum(reach.status != "complete" for reach in matrix.profiles.values())
    return [
        ("statements of functions and methods reached", f"{share} %" if total else _NONE),
        ("symbols reached", f"{union.bit_count():,} / {len(matrix.index.symbols):,}"),
        ("modules never reached", f"{len(gaps.modules):,} / {len(modules):,}"),
        ("profiles", f"{len(matrix.profiles):,}"),
        ("profiles that add no line", f"{len(redundant_profiles(edition.overview.unique)):,}"),
        ("artifacts not known to be complete", f"{incomplete:,}"),
    ]


def make_lists(edition: Edition, document: Mapping[str, Any]) -> list[TopList]:
    """Return the lists that have a row."""
    unique = edition.overview.unique
    lists = chain(
        _list_incomplete(document["profiles"]),
        _list_changes(document["changes"]),
        _rank_profiles(edition, unique, {each["slug"]: each["html"] for each in document["profiles"]}),
        _list_gaps(edition),
        _list_sole(edition),
        _list_redundant(unique),
        _list_twins(edition),
    )
    return [each for each in lists if each.rows]


def _make(
    title: str,
    columns: tuple[str, ...],
    rows: Iterable[tuple[str | int, ...]],
    total: int,
    links: Sequence[str | None] = (),
) -> TopList:
    shown = [tuple(printable(cell) if isinstance(cell, str) else cell for cell in row) for row in islice(rows, TOP)]
    return TopList(title, columns, shown, total, links or [None] * len(shown))


def _list_incomplete(profiles: Iterable[Mapping[str, Any]]) -> Iterator[TopList]:
    found = [each for each in profiles if each["status"] != "complete"]
    rows = ((each["slug"], each["status"], ", ".join(each["reasons"])) for each in found)
    yield _make("Artifacts not known to be complete", ("profile", "state", "reasons"), rows, len(found))


def _list_changes(changes: Mapping[str, Any] | None) -> Iterator[TopList]:
    if changes is None:
        return
    for key in ("lost", "gained"):
        found = changes[key]
        rows = ((name, len(slugs), ", ".join(slugs[:3]) + (" ..." if slugs[3:] else "")) for name, slugs in found)
        title = f"Symbols {key} since {changes['since']}"
        yield _make(title, ("symbol", "profiles", "first of them"), rows, changes["counts"][key])


def _rank_profiles(
    edition: Edition, unique: Mapping[Slug, Unique], links: Mapping[Slug, str | None]
) -> Iterator[TopList]:
    profiles = edition.overview.matrix.profiles
    ranks = sorted(unique, key=lambda slug: (-unique[slug].lines, -unique[slug].symbols.bit_count(), slug))
    rows = (
        (
            slug,
            unique[slug].lines,
            unique[slug].symbols.bit_count(),
            profiles[slug].lines,
            profiles[slug].covered.bit_count(),
            profiles[slug].files,
            profiles[slug].status,
        )
        for slug in ranks
    )
    columns = ("profile", "unique lines", "unique symbols", "lines", "symbols", "files", "state")
    yield _make("Profiles", columns, rows, len(ranks), [links[slug] for slug in ranks[:TOP]])


def _list_gaps(edition: Edition) -> Iterator[TopList]:
    for state, title in _STATES.items():
        found = edition.overview.gaps.in_state(state)
        rows = ((gap.module.name, gap.module.place, gap.missed) for gap in found)
        yield _make(title, ("module", "file", "missed statements"), rows, len(found))
    symbols = edition.overview.gaps.symbols
    missed = ((gap.symbol.name, f"{gap.symbol.place}:{gap.symbol.span[0]}", gap.missed) for gap in symbols)
    title = "Functions and methods never called, in modules that are reached"
    yield _make(title, ("symbol", "where", "missed statements"), missed, len(symbols))
    for title, apart in (
        ("Ran at start-up, or never", edition.overview.gaps.startup),
        ("Ran, but for no profile", edition.overview.gaps.outside),
    ):
        rest = [(gap.symbol.name, f"{gap.symbol.place}:{gap.symbol.span[0]}", gap.missed) for gap in apart]
        yield _make(title, ("symbol", "where", "statements"), rest, len(apart))
    unmeasured = edition.overview.gaps.unmeasured
    yield _make(
        "Cannot be measured", ("file", "why"), ((each.file, each.reason) for each in unmeasured), len(unmeasured)
    )


def _list_sole(edition: Edition) -> Iterator[TopList]:
    found = sorted(list_sole_lines(edition.overview.matrix), key=lambda sole: (-sole.lines, sole.place, sole.slug))
    rows = ((each.symbol.name, each.slug, each.lines) for each in found)
    yield _make("Lines that only one profile runs", ("symbol", "profile", "lines"), rows, len(found))


def _list_redundant(unique: Mapping[Slug, Unique]) -> Iterator[TopList]:
    redundant = redundant_profiles(unique)
    yield _make("Profiles that add no line", ("profile",), ((slug,) for slug in redundant), len(redundant))


def _list_twins(edition: Edition) -> Iterator[TopList]:
    twins = nearest_twins(edition.overview.matrix)
    ranks = sorted(twins, key=lambda slug: (-twins[slug].likeness, slug))
    rows = ((slug, twins[slug].slug, f"{tenths(100 * twins[slug].likeness)} %") for slug in ranks)
    yield _make("Nearest twins", ("profile", "most like it", "lines shared"), rows, len(ranks))

"""``summary.md``: the figures of a matrix, and its leaderboards."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from profcov.reading.analysis.overlap import cover_greedily, list_sole_lines, nearest_twins, redundant_profiles
from profcov.reading.report.text import code, table, tenths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from profcov.reading.analysis.gaps import Gaps
    from profcov.reading.analysis.matrix import Matrix
    from profcov.reading.analysis.overlap import Unique
    from profcov.slug import Slug

_TOP: Final = 20


def summary_markdown(matrix: Matrix, gaps: Gaps, unique: Mapping[Slug, Unique]) -> Iterator[str]:
    """Yield the summary, section by section."""
    union = 0
    for reach in matrix.profiles.values():
        union |= reach.covered
    share = "; no function or method has a statement"
    if gaps.body_lines_total:
        percent = tenths(100 * gaps.body_lines_covered / gaps.body_lines_total)
        share = f", and {percent} % of the statements in functions and methods"
    yield "# Profile coverage\n\n"
    yield (
        f"Profiles: {len(matrix.profiles)}. Together they reach {union.bit_count()} of {len(matrix.index.symbols)} symbols"
        f"{share}. What they miss is in [gaps.md](gaps.md).\n"
    )
    yield from _list_partial(matrix)
    yield from _rank_profiles(matrix, unique)
    yield from _list_sole(matrix)
    yield from _list_redundant(unique)
    yield from _list_cover(matrix)
    yield from _list_twins(matrix)


def _list_partial(matrix: Matrix) -> Iterator[str]:
    partial = {slug: reach for slug, reach in matrix.profiles.items() if reach.status != "complete"}
    if partial:
        yield "\n**Not known to be complete**, so they may reach more than is shown here:\n\n"
        for slug, reach in islice(partial.items(), _TOP):
            yield f"- {code(slug)}: {reach.status}{''.join(f', {code(reason)}' for reason in reach.reasons)}\n"
        yield from _say_rest(len(partial))


def _rank_profiles(matrix: Matrix, unique: Mapping[Slug, Unique]) -> Iterator[str]:
    yield "\n## Profiles, by what only they reach\n\n"
    ranks = sorted(unique, key=lambda slug: (-unique[slug].lines, -unique[slug].symbols.bit_count(), slug))
    rows = []
    for slug in ranks[:_TOP]:
        reach, own = matrix.profiles[slug], unique[slug]
        counts = (own.lines, own.symbols.bit_count(), reach.lines, reach.covered.bit_count(), reach.files)
        rows.append((code(slug), *map(str, counts)))
    titles = ("profile", "unique lines", "unique symbols", "lines", "symbols", "files")
    yield from (f"{line}\n" for line in table(titles, rows))
    yield from _say_rest(len(ranks))


def _list_sole(matrix: Matrix) -> Iterator[str]:
    sole = sorted(list_sole_lines(matrix), key=lambda each: (-each.lines, each.place, each.slug))
    yield f"\n## Lines that only one profile runs: {sum(each.lines for each in sole)}\n\n"
    if sole:
        rows = [(code(each.symbol.name), code(each.slug), str(each.lines)) for each in sole[:_TOP]]
        yield from (f"{line}\n" for line in table(("symbol", "profile", "lines"), rows))
        yield from _say_rest(len(sole))


def _list_redundant(unique: Mapping[Slug, Unique]) -> Iterator[str]:
    redundant = redundant_profiles(unique)
    yield f"\n## Profiles that add no line: {len(redundant)}\n\n"
    yield "Any one of them could be dropped without losing a line; answers may differ all the same.\n"
    if redundant:
        yield "\n" + "".join(f"- {code(slug)}\n" for slug in redundant[:_TOP])
        yield from _say_rest(len(redundant))


def _list_cover(matrix: Matrix) -> Iterator[str]:
    picks = [pick for pick in cover_greedily(matrix) if pick.adds]
    yield f"\n## How few would do: {len(picks)} of {len(matrix.profiles)}\n\n"
    yield "In this order they run every line that all of them run; the order is greedy, and not proven to be the fewest.\n"
    if picks:
        rows = [(code(pick.slug), str(pick.adds), str(pick.total)) for pick in picks[:_TOP]]
        yield "\n"
        yield from (f"{line}\n" for line in table(("profile", "adds lines", "lines so far"), rows))
        yield from _say_rest(len(picks))


def _list_twins(matrix: Matrix) -> Iterator[str]:
    twins = nearest_twins(matrix)
    yield "\n## Nearest twins\n\n"
    yield "How much of the lines that either profile runs both run (Jaccard index).\n"
    if twins:
        ranks = sorted(twins, key=lambda slug: (-twins[slug].likeness, slug))
        rows = [(code(slug), code(twins[slug].slug), f"{twins[slug].likeness:.3f}") for slug in ranks[:_TOP]]
        yield "\n"
        yield from (f"{line}\n" for line in table(("profile", "nearest", "likeness"), rows))
        yield from _say_rest(len(ranks))


def _say_rest(number: int) -> Iterator[str]:
    if number > _TOP:
        yield f"\nand {number - _TOP} more\n"

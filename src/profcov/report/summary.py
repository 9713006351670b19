"""``summary.md``: the figures of a matrix, and its leaderboards."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from profcov.analysis.overlap import idle_profiles, nearest_twins
from profcov.report.text import code, table, tenths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from profcov.analysis.gaps import Gaps
    from profcov.analysis.matrix import Matrix
    from profcov.slug import Slug

_TOP: Final = 20


def summary_markdown(matrix: Matrix, gaps: Gaps, unique: Mapping[Slug, int]) -> Iterator[str]:
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
    yield from _list_sole(matrix, unique)
    yield from _list_idle(unique)
    yield from _list_twins(matrix)


def _list_partial(matrix: Matrix) -> Iterator[str]:
    partial = {slug: reach for slug, reach in matrix.profiles.items() if reach.status != "complete"}
    if partial:
        yield "\n**Not known to be complete**, so they may reach more than is said here:\n\n"
        for slug, reach in islice(partial.items(), _TOP):
            yield f"- {code(slug)}: {reach.status}{''.join(f', {code(reason)}' for reason in reach.reasons)}\n"
        yield from _say_rest(len(partial))


def _rank_profiles(matrix: Matrix, unique: Mapping[Slug, int]) -> Iterator[str]:
    yield "\n## Profiles, by what only they reach\n\n"
    ranks = sorted(unique, key=lambda slug: (-unique[slug].bit_count(), slug))
    rows = []
    for slug in ranks[:_TOP]:
        reach = matrix.profiles[slug]
        counts = (unique[slug].bit_count(), reach.covered.bit_count(), reach.lines, reach.files)
        rows.append((code(slug), *map(str, counts)))
    yield from (f"{line}\n" for line in table(("profile", "unique symbols", "symbols", "lines", "files"), rows))
    yield from _say_rest(len(ranks))


def _list_sole(matrix: Matrix, unique: Mapping[Slug, int]) -> Iterator[str]:
    total = sum(symbols.bit_count() for symbols in unique.values())
    yield f"\n## Symbols that only one profile reaches: {total}\n\n"
    if total:
        pairs = ((name, slug) for slug, symbols in unique.items() for name in matrix.index.names(symbols))
        rows = [(code(name), code(slug)) for name, slug in islice(pairs, _TOP)]
        yield from (f"{line}\n" for line in table(("symbol", "profile"), rows))
        yield from _say_rest(total)


def _list_idle(unique: Mapping[Slug, int]) -> Iterator[str]:
    idle = idle_profiles(unique)
    yield f"\n## Profiles that add no symbol: {len(idle)}\n\n"
    yield "Each of them could go, it alone, without a symbol being lost; lines and answers may differ all the same.\n"
    if idle:
        yield "\n" + "".join(f"- {code(slug)}\n" for slug in idle[:_TOP])
        yield from _say_rest(len(idle))


def _list_twins(matrix: Matrix) -> Iterator[str]:
    twins = nearest_twins(matrix)
    yield "\n## Nearest twins\n\n"
    yield "How much of what either profile reaches both reach (Jaccard index).\n"
    if twins:
        ranks = sorted(twins, key=lambda slug: (-twins[slug].likeness, slug))
        rows = [(code(slug), code(twins[slug].slug), f"{twins[slug].likeness:.3f}") for slug in ranks[:_TOP]]
        yield "\n"
        yield from (f"{line}\n" for line in table(("profile", "nearest", "likeness"), rows))
        yield from _say_rest(len(ranks))


def _say_rest(number: int) -> Iterator[str]:
    if number > _TOP:
        yield f"\nand {number - _TOP} more\n"

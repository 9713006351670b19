"""A selection of profiles as rows, as JSON and as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from profcov.reading.analysis.matrix import refine
from profcov.reading.report.text import code, plural, table, tenths
from profcov.store.line_sets import to_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from profcov.reading.analysis.elements import Element, Elements
    from profcov.reading.analysis.minimise import Kept, Pick, Redundant, Selection, Spending
    from profcov.slug import Slug

SCHEMA_VERSION: Final = 1
DEPTH: Final = 3
_MAX_NAMED: Final = 3
NOUNS: Final = {"line": "line", "symbol": "symbol", "job-line": "line by job"}


@dataclass(frozen=True)
class Advice:
    """A selection, how much runs after how much time, and what only redundant profiles assert.

    ``alone`` has the redundant profiles whose files were read. ``doubtful`` are those whose artifacts are not complete.
    """

    selection: Selection
    curve: Sequence[Pick]
    alone: Mapping[Slug, Sequence[str]]
    doubtful: frozenset[Slug]
    spending: Spending | None = None

    @cached_property
    def costs(self) -> Mapping[Slug, float]:
        """The seconds of each profile that was timed."""
        pairs = zip(self.selection.elements.slugs, self.selection.costs.each, strict=True)
        unknown = set(self.selection.costs.unknown)
        return {slug: cost for slug, cost in pairs if slug not in unknown}

    def count(self, number: int) -> str:
        """Return a number of elements in words."""
        return count(self.selection.elements, number)


def count(elements: Elements, number: int) -> str:
    """Return a number of elements in words: ``1 line``, ``2 lines by job``."""
    noun, _, rest = NOUNS[elements.unit].partition(" ")
    return f"{plural(number, noun)}{' ' if rest else ''}{rest}"


def advice_rows(advice: Advice) -> Iterator[dict[str, Any]]:
    """Yield a row for each profile: those of the selection first."""
    for kept in advice.selection.kept:
        yield {
            "profile": kept.slug,
            "verdict": kept.reason,
            "seconds": advice.costs.get(kept.slug),
            "margin": kept.margin.bit_count(),
            "why": _explain_kept(advice, kept),
        }
    for each in advice.selection.redundant:
        yield {
            "profile": each.slug,
            "verdict": "redundant",
            "seconds": advice.costs.get(each.slug),
            "margin": 0,
            "why": "; ".join(_explain_redundant(advice, each)),
        }


def budget_rows(advice: Advice, spending: Spending) -> Iterator[dict[str, Any]]:
    """Yield a row for each profile in the order of their use, with how much runs then."""
    total = advice.selection.total
    for verdict, picks in (("inside", spending.inside), ("outside", spending.outside)):
        for pick in picks:
            yield {
                "profile": pick.slug,
                "verdict": verdict if verdict == "inside" or pick.adds else "adds nothing",
                "seconds": advice.costs.get(pick.slug),
                "adds": pick.adds,
                "total_seconds": pick.total_cost,
                "share": 100 * pick.total / total if total else 100.0,
            }


def part_rows(selection: Selection, slug: Slug) -> Iterator[dict[str, Any]]:
    """Yield a row for each part of what one profile runs: a symbol, its lines, and which of the others of the selection run them."""
    row = selection.elements.rows[selection.elements.slugs.index(slug)]
    others = [each for each in selection.kept if each.slug != slug]
    sets: dict[int, int] = {0: row}
    for number, each in enumerate(others):
        sets = {runners: own for runners, own in refine(sets, each.own & row, 1 << number).items() if own}
    parts: dict[tuple[str, str | None, int], list[Element]] = {}
    for runners, own in sets.items():
        for element in selection.elements.locate(own):
            parts.setdefault((element.symbol.name, element.job, runners), []).append(element)
    for (name, job, runners), found in sorted(parts.items(), key=lambda part: (part[1][0].where, part[0])):
        yield {
            "symbol": name if job is None else f"{name} (job {job})",
            "where": _name_lines(found),
            "run_by": _shorten([others[number].slug for number in to_numbers(runners)]),
        }


def summary_sentences(advice: Advice) -> Iterator[str]:
    """Yield what the selection comes to, and what it rests on."""
    selection = advice.selection
    elements, costs = selection.elements, selection.costs
    kept = len(selection.kept)
    proof = "no others cost less" if selection.is_least else "found greedily: others may cost less"
    all_of_them = plural(len(elements.slugs), "profile")
    yield f"{kept} of {all_of_them} run all {advice.count(selection.total)} that any profile runs ({proof})"
    if costs.are_seconds:
        spent = sum(each.cost for each in selection.kept)
        yield f"they take {spent:.1f} of {sum(costs.each):.1f} s"
        if costs.unknown:
            yield f"{_shorten(costs.unknown)} {'was' if len(costs.unknown) == 1 else 'were'} not timed: the median of the others counts"
    else:
        yield "no play was timed, so each profile counts as 1: --playback FILE has the seconds"
    if selection.redundant:
        yield "coverage is not what a profile checks: a redundant one may be the only one that notices a wrong answer"
    doubtful = sorted(advice.doubtful)
    if doubtful:
        yield f"{_shorten(doubtful)}: not known to be complete, and may run more than was recorded"


def advice_document(advice: Advice) -> dict[str, Any]:
    """Return the advice as JSON."""
    selection = advice.selection
    elements = selection.elements
    document: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "by": elements.unit,
        "total": selection.total,
        "is_least": selection.is_least,
        "has_seconds": selection.costs.are_seconds,
        "kept": [_describe_kept(advice, each) for each in selection.kept],
        "redundant": [_describe_redundant(advice, each) for each in selection.redundant],
        "curve": [_describe_pick(advice, pick) for pick in advice.curve],
        "budget": None,
    }
    if advice.spending is not None:
        document["budget"] = {
            "seconds": advice.spending.budget,
            "is_best": advice.spending.is_best,
            "inside": [_describe_pick(advice, pick) for pick in advice.spending.inside],
            "outside": [_describe_pick(advice, pick) for pick in advice.spending.outside],
        }
    return document


def advice_markdown(advice: Advice) -> Iterator[str]:
    """Yield the advice as Markdown."""
    selection = advice.selection
    yield "# Which profiles run everything\n\n"
    yield from (f"- {sentence}\n" for sentence in summary_sentences(advice))
    rows = [
        (code(row["profile"]), row["verdict"], _seconds(row["seconds"]), str(row["margin"]), row["why"])
        for row in advice_rows(advice)
        if row["verdict"] != "redundant"
    ]
    yield f"\n## Selected: {len(rows)}\n\n"
    yield from _lines(("profile", "verdict", "seconds", "margin", "why"), rows)
    if selection.redundant:
        yield f"\n## Redundant beside these: {len(selection.redundant)}\n\n"
        cells = [
            (code(each.slug), _seconds(advice.costs.get(each.slug)), "; ".join(_explain_redundant(advice, each)))
            for each in selection.redundant
        ]
        yield from _lines(("profile", "seconds", "why"), cells)
    for slug, texts in advice.alone.items():
        if texts:
            yield f"\n### Only {code(slug)} asserts\n\n"
            yield from (f"- {code(text)}\n" for text in texts)
    if advice.spending is not None:
        yield f"\n## In {advice.spending.budget:g} s\n\n"
        shown = [
            (
                code(row["profile"]),
                row["verdict"],
                str(row["adds"]),
                f"{row['total_seconds']:.1f}",
                tenths(row["share"]),
            )
            for row in budget_rows(advice, advice.spending)
        ]
        yield from _lines(("profile", "verdict", "adds", "total seconds", "share"), shown)


def _explain_kept(advice: Advice, kept: Kept) -> str:
    why = "adds nothing"
    if number := kept.margin.bit_count():
        first = next(advice.selection.elements.locate(kept.margin & -kept.margin))
        why = f"{advice.count(number)} {'needs' if number == 1 else 'need'} it: {'first ' if number > 1 else ''}"
        why += first.symbol.name + ("" if first.line is None else f", line {first.line}")
    return why + _doubt(advice, kept.slug)


def _explain_redundant(advice: Advice, each: Redundant) -> Iterator[str]:
    shares = [f"{share.slug} ({share.count:,})" for share in each.covered_by]
    yield ("run by " + _shorten(shares) if shares else f"runs no {NOUNS[advice.selection.elements.unit]}") + _doubt(
        advice, each.slug
    )
    if each.slug not in advice.alone:
        yield "what it asserts is not known"
    elif texts := advice.alone[each.slug]:
        yield f"only it asserts: {texts[0]}" + (f", and {len(texts) - 1} more" if texts[1:] else "")
    else:
        yield "asserts nothing that the others do not"


def _doubt(advice: Advice, slug: Slug) -> str:
    return " (not known to be complete)" if slug in advice.doubtful else ""


def _describe_kept(advice: Advice, kept: Kept) -> dict[str, Any]:
    places = advice.selection.elements.locate(kept.margin & -kept.margin)
    first = next(({"symbol": each.symbol.name, "where": each.where} for each in places), None)
    return {
        "profile": kept.slug,
        "reason": kept.reason,
        "seconds": advice.costs.get(kept.slug),
        "runs": kept.own.bit_count(),
        "margin": kept.margin.bit_count(),
        "first": first,
        "is_complete": kept.slug not in advice.doubtful,
    }


def _describe_redundant(advice: Advice, each: Redundant) -> dict[str, Any]:
    texts = advice.alone.get(each.slug)
    return {
        "profile": each.slug,
        "seconds": advice.costs.get(each.slug),
        "runs": each.own.bit_count(),
        "covered_by": [{"profile": share.slug, "count": share.count} for share in each.covered_by],
        "asserts_alone": None if texts is None else list(texts),
        "is_complete": each.slug not in advice.doubtful,
    }


def _describe_pick(advice: Advice, pick: Pick) -> dict[str, Any]:
    return {
        "profile": pick.slug,
        "seconds": advice.costs.get(pick.slug),
        "adds": pick.adds,
        "total": pick.total,
        "total_cost": round(pick.total_cost, 3),
    }


def _name_lines(elements: Sequence[Element]) -> str:
    """Return a file with lines, as ``app.py:3-5,9``; of a symbol its span."""
    first = elements[0]
    if first.line is None:
        return first.where
    lines = [each.line for each in elements if each.line is not None]
    runs = groupby(enumerate(lines), lambda pair: pair[1] - pair[0])
    parts = [[line for _, line in run] for _, run in runs]
    return f"{first.symbol.place}:" + ",".join(
        str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts
    )


def _shorten(names: Sequence[str]) -> str:
    more = len(names) - _MAX_NAMED
    return ", ".join(names[:_MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def _seconds(seconds: float | None) -> str:
    return "?" if seconds is None else f"{seconds:.1f}"


def _lines(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    return (f"{line}\n" for line in table(titles, rows))

"""Which profiles together run all that any profile runs, at the least cost, and what the others would be missed for."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from statistics import median
from typing import TYPE_CHECKING, Final, Literal

from profcov.reading.analysis.exact_cover import cover_exactly

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from profcov.reading.analysis.elements import Elements
    from profcov.slug import Slug

Reason = Literal["asked", "essential", "chosen"]
MAX_TRIED: Final = 12
"""The most profiles of which every subset is tried for a time budget."""
_MIN_SECONDS: Final = 0.001


@dataclass(frozen=True, slots=True)
class Costs:
    """What each profile costs, in seconds, in the order of the elements; if no play was timed, each costs 1, which is no second.

    ``unknown`` were not timed: if others were, they cost the median of those.
    """

    each: tuple[float, ...]
    are_seconds: bool
    unknown: tuple[Slug, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """How many elements one profile has of another's, that those before it have not."""

    slug: Slug
    count: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A profile of the selection, why it is in it, and its margin: the elements that no other of the selection runs, as bits."""

    slug: Slug
    reason: Reason
    cost: float
    own: int
    margin: int


@dataclass(frozen=True, slots=True)
class Redundant:
    """A profile that adds nothing to the selection, and which of these run its elements."""

    slug: Slug
    cost: float
    own: int
    covered_by: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """The profiles that run all that any profile runs; ``is_least``: it is proven that no others cost less."""

    elements: Elements
    costs: Costs
    kept: tuple[Kept, ...]
    redundant: tuple[Redundant, ...]
    is_least: bool

    @property
    def total(self) -> int:
        """How many elements there are."""
        return unite_rows(self.elements.rows).bit_count()


@dataclass(frozen=True, slots=True)
class Pick:
    """A profile in the order of its use: how many elements it adds to those before it, and the totals with it."""

    slug: Slug
    adds: int
    cost: float
    total: int
    total_cost: float


@dataclass(frozen=True, slots=True)
class Spending:
    """The best use of a time budget: the profiles to play, in order, and the others, in the order of what they would add.

    ``is_best``: all subsets were tried.
    """

    budget: float
    inside: tuple[Pick, ...]
    outside: tuple[Pick, ...]
    is_best: bool


def weigh(slugs: Sequence[Slug], seconds: Mapping[Slug, float]) -> Costs:
    """Return what each profile costs, from the seconds of those that were timed."""
    known = [seconds[slug] for slug in slugs if slug in seconds]
    usual = median(known) if known else 1.0
    each = tuple(max(seconds.get(slug, usual), _MIN_SECONDS) for slug in slugs)
    return Costs(each, bool(known), tuple(slug for slug in slugs if slug not in seconds))


def minimise(elements: Elements, costs: Costs, keep: Collection[Slug] = ()) -> Selection:
    """Return the profiles that run all elements: those to ``keep``, those that alone run some, and as few others as are found.

    Small cases are solved exactly, larger ones by greedy set cover: first what adds most for its cost.
    """
    rows, slugs = elements.rows, elements.slugs
    reasons: dict[int, Reason] = {place: "asked" for place, slug in enumerate(slugs) if slug in keep}
    once = find_once(rows)
    for place, row in enumerate(rows):
        if row & once:
            reasons.setdefault(place, "essential")
    covered = unite_rows(rows[place] for place in reasons)
    rest = {place: left for place, row in enumerate(rows) if (left := row & ~covered)}
    found = cover_exactly(rest, costs.each)
    chosen = _cover_greedily(rest, costs.each) if found is None else found
    reasons |= dict.fromkeys(chosen, "chosen")
    own = find_once([rows[place] for place in reasons])
    return Selection(
        elements=elements,
        costs=costs,
        kept=tuple(
            Kept(slugs[place], reasons[place], costs.each[place], rows[place], rows[place] & own)
            for place in sorted(reasons)
        ),
        redundant=tuple(
            Redundant(slug, costs.each[place], rows[place], tuple(_share_out(elements, place, sorted(reasons))))
            for place, slug in enumerate(slugs)
            if place not in reasons
        ),
        is_least=found is not None,
    )


def spend(elements: Elements, costs: Costs, budget: float, keep: Collection[Slug] = ()) -> Spending:
    """Return which profiles run most within a budget; those to ``keep`` come first, whatever they cost."""
    rows, slugs = elements.rows, elements.slugs
    asked = [place for place, slug in enumerate(slugs) if slug in keep]
    order = list(rank(dict(enumerate(rows)), costs.each, asked))
    left = budget - sum(costs.each[place] for place in asked)
    others = [place for place in order if place not in set(asked)]
    is_best = len(others) <= MAX_TRIED
    find = _try_all if is_best else _fill
    inside = {*asked, *find(rows, costs.each, others, left, unite_rows(rows[place] for place in asked))}
    first = [place for place in order if place in inside]
    picks = list(_add_up(elements, costs, [*first, *(place for place in order if place not in inside)]))
    return Spending(budget, tuple(picks[: len(first)]), tuple(picks[len(first) :]), is_best)


def draw_curve(elements: Elements, costs: Costs, keep: Collection[Slug] = ()) -> list[Pick]:
    """Return all profiles in the order of what they add for their cost: how much runs after how much time."""
    asked = [place for place, slug in enumerate(elements.slugs) if slug in keep]
    return list(_add_up(elements, costs, rank(dict(enumerate(elements.rows)), costs.each, asked)))


def rank(rows: Mapping[int, int], costs: Sequence[float], first: Sequence[int] = ()) -> Iterator[int]:
    """Yield all places, in the order in which each adds most for its cost to those before it, the lowest of several.

    It is lazy: what one adds never grows, so only the best is counted again.
    """
    covered = 0
    for place in first:
        covered |= rows[place]
        yield place
    done = set(first)
    sizes = {place: row.bit_count() for place, row in rows.items()}
    waiting = [(-sizes[place] / costs[place], place) for place in rows if place not in done]
    heapify(waiting)
    while waiting:
        promised, place = waiting[0]
        worth = -(sizes[place] - (rows[place] & covered).bit_count()) / costs[place]
        if promised != worth:
            heapreplace(waiting, (worth, place))
            continue
        heappop(waiting)
        covered |= rows[place]
        yield place


def find_once(rows: Iterable[int]) -> int:
    """Return the elements that are in exactly one row."""
    once = again = 0
    for row in rows:
        again |= once & row
        once |= row
    return once & ~again


def unite_rows(rows: Iterable[int]) -> int:
    """Return the elements that are in any row."""
    united = 0
    for row in rows:
        united |= row
    return united


def list_alone(asserted: Mapping[Slug, Collection[str]], selection: Selection) -> dict[Slug, list[str]]:
    """Map each redundant profile whose assertions are known to those that no profile of the selection makes."""
    kept = {text for each in selection.kept for text in asserted.get(each.slug, ())}
    return {
        each.slug: [text for text in asserted[each.slug] if text not in kept]
        for each in selection.redundant
        if each.slug in asserted
    }


def _cover_greedily(rows: Mapping[int, int], costs: Sequence[float]) -> list[int]:
    """Return places that cover all rows; of those that the later ones made unnecessary, the dearest are left out first."""
    wanted, covered, picked = unite_rows(rows.values()), 0, list[int]()
    for place in rank(rows, costs):
        if covered == wanted:
            break
        covered |= rows[place]
        picked.append(place)
    for place in sorted(picked, key=lambda place: -costs[place]):
        if not rows[place] & find_once(rows[each] for each in picked):
            picked.remove(place)
    return picked


def _share_out(elements: Elements, place: int, kept: Sequence[int]) -> Iterator[Share]:
    """Yield which of the kept profiles run the elements of one: those that have most of them come first."""
    row = elements.rows[place]
    common = {other: (row & elements.rows[other]).bit_count() for other in kept}
    for other in sorted(kept, key=lambda other: (-common[other], other)):
        if not row:
            break
        part = row & elements.rows[other]
        row ^= part
        if part:
            yield Share(elements.slugs[other], part.bit_count())


def _add_up(elements: Elements, costs: Costs, order: Iterable[int]) -> Iterator[Pick]:
    covered, spent = 0, 0.0
    for place in order:
        adds = (elements.rows[place] & ~covered).bit_count()
        covered |= elements.rows[place]
        spent += costs.each[place]
        yield Pick(elements.slugs[place], adds, costs.each[place], covered.bit_count(), spent)


def _fill(rows: Sequence[int], costs: Sequence[float], order: Sequence[int], budget: float, covered: int) -> list[int]:
    """Return the places that fit in the order of their worth, or the single one that adds more than all of these."""
    fitting = {place: rows[place] & ~covered for place in order if costs[place] <= budget}
    picked, left, reached = list[int](), budget, 0
    for place in rank(fitting, costs):
        if costs[place] <= left and fitting[place] & ~reached:
            picked.append(place)
            left -= costs[place]
            reached |= fitting[place]
    best = max(fitting, key=lambda place: fitting[place].bit_count(), default=None)
    if best is not None and fitting[best].bit_count() > reached.bit_count():
        return [best]
    return picked


def _try_all(
    rows: Sequence[int], costs: Sequence[float], order: Sequence[int], budget: float, covered: int
) -> list[int]:
    """Return the places that add most within a budget, the cheapest of as many, by trying all subsets."""
    unions, spent, best, chosen = [covered], [0.0], (covered.bit_count(), 0.0), 0
    for subset in range(1, 1 << len(order)):
        lowest = order[(subset & -subset).bit_length() - 1]
        without = subset & (subset - 1)
        unions.append(unions[without] | rows[lowest])
        spent.append(spent[without] + costs[lowest])
        if spent[subset] <= budget:
            worth = unions[subset].bit_count(), -spent[subset]
            if worth > best:
                best, chosen = worth, subset
    return [place for number, place in enumerate(order) if chosen >> number & 1]

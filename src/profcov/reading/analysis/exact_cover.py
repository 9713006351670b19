"""The cheapest rows that cover all columns, proven: branch and bound for small cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from profcov.reading.analysis.matrix import refine
from profcov.store.line_sets import to_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_ROWS: Final = 30
_MAX_COLUMNS: Final = 600
MAX_STEPS: Final = 20_000
_SLIGHT: Final = 1e-9
"""Sums of seconds that differ by less are the same."""


class _TooManyError(Exception):
    """The case is not small."""


def cover_exactly(rows: Mapping[int, int], costs: Sequence[float]) -> list[int] | None:
    """Return the places of rows that cover together what all of them do, at the least total cost; None if the case is not small.

    Of several such covers it is one with the fewest rows, as far as their costs are equal.
    """
    useful = _drop_dominated(rows, costs) if len(rows) <= 10 * MAX_ROWS else rows
    if len(useful) > MAX_ROWS:
        return None
    places = list(useful)
    sets: dict[int, int] = {}
    for number, place in enumerate(places):
        sets = refine(sets, useful[place], 1 << number)
    try:
        search = _Search(_keep_smallest(sets), [costs[place] for place in places])
        search.run()
    except _TooManyError:
        return None
    return [places[number] for number in to_numbers(search.best)]


def _drop_dominated(rows: Mapping[int, int], costs: Sequence[float]) -> dict[int, int]:
    """Leave out each row that another has all of, and that costs no less."""
    kept: dict[int, int] = {}
    for place in sorted(rows, key=lambda place: (costs[place], -rows[place].bit_count(), place)):
        if all(rows[place] & ~other for other in kept.values()):
            kept[place] = rows[place]
    return dict(sorted(kept.items()))


def _keep_smallest(sets: Iterable[int]) -> list[int]:
    """Return the columns, each as the rows that cover it, without those that are covered whenever another is."""
    kept: list[int] = []
    for column in sorted(sets, key=lambda each: (each.bit_count(), each)):
        if all(other & ~column for other in kept):
            kept.append(column)
        if len(kept) > _MAX_COLUMNS:
            raise _TooManyError
    return kept


@dataclass(slots=True)
class _Search:
    """Depth first: the column with the fewest rows must be covered by one of these."""

    columns: list[int]
    costs: list[float]
    best: int = 0
    _least: tuple[float, int] = (float("inf"), 1 << MAX_ROWS)
    _steps: int = 0

    def run(self) -> None:
        self._visit(self.columns, 0, 0.0, 0)

    def _visit(self, columns: Sequence[int], chosen: int, cost: float, banned: int) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise _TooManyError
        if not columns:
            self._offer(chosen, cost)
            return
        more, rows = self._bound(columns, banned)
        least, fewest = self._least
        if cost + more > least + _SLIGHT or (cost + more > least - _SLIGHT and chosen.bit_count() + rows >= fewest):
            return
        column = min((each & ~banned for each in columns), key=int.bit_count)
        for number in sorted(to_numbers(column), key=lambda number: (self._price(number, columns), number)):
            bit = 1 << number
            left = [each for each in columns if not each & bit]
            self._visit(left, chosen | bit, cost + self.costs[number], banned)
            banned |= bit  # what is found with it has been found

    def _offer(self, chosen: int, cost: float) -> None:
        least, fewest = self._least
        if cost < least - _SLIGHT or (cost < least + _SLIGHT and chosen.bit_count() < fewest):
            self.best, self._least = chosen, (cost, chosen.bit_count())

    def _price(self, number: int, columns: Sequence[int]) -> float:
        return self.costs[number] / sum(each >> number & 1 for each in columns)

    def _bound(self, columns: Sequence[int], banned: int) -> tuple[float, int]:
        """Return what is needed at least, and how many rows: columns without a common row need one row each."""
        taken, total, count = 0, 0.0, 0
        for column in sorted((each & ~banned for each in columns), key=int.bit_count):
            if not column:
                return float("inf"), 0
            if not column & taken:
                taken |= column
                total += min(self.costs[number] for number in to_numbers(column))
                count += 1
        return total, count

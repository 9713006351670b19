"""The table on the screen, 80 columns wide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalogue import BASELINE, Cell, find_variant, find_workload
from rounds import Spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from goals import Goal
    from rounds import Figures

WIDTH = 80
_LOADS = {"steady": "", "eight": ", 8 kinds of request", "hot": ", hot loop"}


def lay_out(figures: Figures) -> str:
    """Return the figures of one workload, a line a variant."""
    return "\n".join(_list_lines(figures))


def _list_lines(figures: Figures) -> Iterator[str]:
    load = ""
    for cell in figures.samples_in_order():
        if cell.variant == BASELINE:
            continue
        if cell.load != load:
            load = cell.load
            took = figures.seconds(Cell(cell.workload, BASELINE, load)) * 1e6
            yield ""
            yield f"{find_workload(cell.workload).title}{_LOADS[load]}: {_shorten(took)} us without"
            yield f"  {'':36}{'ratio':>8}  {'quartiles':^14}{'CPU':>7}{'added us':>11}"
        yield _describe(figures, cell)


def _describe(figures: Figures, cell: Cell) -> str:
    ratio = Spread.of(figures.ratios(cell))
    cpu = figures.cpu_ratios(cell)
    quartiles = f"{_shorten(ratio.low)} - {_shorten(ratio.high)}"
    added = Spread.of(figures.added(cell)).median * 1e6
    title = find_variant(cell.variant).title
    processor = _shorten(Spread.of(cpu).median) if cpu else "-"
    return f"  {title:36}{_shorten(ratio.median):>8}  {quartiles:^14}{processor:>7}{_shorten(added):>11}"


def _shorten(value: float) -> str:
    """Return a number with two decimals, or fewer where they say nothing."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 20 else f"{value:.2f}"


def lay_out_goals(goals: Sequence[Goal]) -> str:
    """Return each goal with what was measured."""
    lines = [f"  {'':36}{'at most':>9}{'measured':>10}{'CPU':>8}"]
    for goal in goals:
        verdict = "reached" if goal.reached else "NOT reached"
        limit, measured = (f"{_shorten(number)} {goal.unit}".rstrip() for number in (goal.limit, goal.measured))
        cpu = "-" if goal.cpu is None else _shorten(goal.cpu)
        lines.append(f"  {goal.text:36}{limit:>9}{measured:>10}{cpu:>8}  {verdict}")
    return "\n".join(lines)

"""The goals, and whether the figures reach them."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalogue import Cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rounds import Figures


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal: what was measured is the median over the rounds; ``unit`` is empty for a ratio.

    ``cpu`` is the same figure in processor time, which other programs at work on the machine disturb less; None where
    the system does not tell it.
    """

    text: str
    limit: float
    measured: float
    cpu: float | None
    unit: str = ""

    @property
    def reached(self) -> bool:
        """Whether the measured figure is within the limit."""
        return self.measured <= self.limit


def judge(figures: Figures, *, monitoring: bool) -> list[Goal]:
    """Compare the figures with the goals of their Python; a workload that was left out has none."""
    goals = _judge_monitoring(figures) if monitoring else _judge_ctrace(figures)
    return list(goals)


def _judge_monitoring(figures: Figures) -> Iterator[Goal]:
    for workload, letter in (("cpu", "a"), ("flask", "b"), ("starlette", "c"), ("empty-served", "d, gunicorn")):
        yield from _compare(figures, f"no header ({letter})", 1.02, Cell(workload, "idle", "steady"))
    yield from _compare(figures, "no header (d, in process)", 1.02, Cell("empty", "idle", "steady"))
    for workload, letter, limit in (("cpu", "a", 1.10), ("flask", "b", 1.03), ("starlette", "c", 1.03)):
        yield from _compare(figures, f"one slug, steady ({letter})", limit, Cell(workload, "one", "steady"))
    yield from _compare(figures, "first request of a generation (a)", 2.0, Cell("cpu", "first", "steady"))
    mixes = (
        ("8 slugs (a)", 2.5, Cell("cpu", "eight", "eight")),
        ("worst mix, B never there (a)", 2.2, Cell("cpu", "worst-never", "hot")),
        ("worst mix, B has been there (a)", 2.2, Cell("cpu", "worst-been", "hot")),
    )
    for text, limit, cell in mixes:
        yield from _compare(figures, text, limit, cell)
        yield from _compare(figures, "  ... to coverage.py ctrace", 1.0, cell, to="ctrace")
    fixed = Cell("empty", "one", "steady")
    if fixed in figures.samples:
        cost, cpu = figures.added(fixed), figures.cpu_added(fixed)
        text = "fixed cost of a traced request (d)"
        yield Goal(text, 30.0, statistics.median(cost) * 1e6, statistics.median(cpu) * 1e6 if cpu else None, "us")


def _judge_ctrace(figures: Figures) -> Iterator[Goal]:
    cell = Cell("cpu", "one", "steady")
    yield from _compare(figures, "one slug (a) to coverage.py ctrace", 1.05, cell, to="ctrace")


def _compare(figures: Figures, text: str, limit: float, cell: Cell, *, to: str = "without") -> Iterator[Goal]:
    if cell in figures.samples:
        cpu = figures.cpu_ratios(cell, to)
        yield Goal(text, limit, statistics.median(figures.ratios(cell, to)), statistics.median(cpu) if cpu else None)

"""Interleaving: the variants of a workload take turns, round after round, so that the machine's noise hits all alike."""

from __future__ import annotations

import random
import statistics
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from catalogue import BASELINE, SLUGS, Cell, find_variant, list_cells
from drivers import Sample, open_driver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from drivers import Driver

_MOST_REQUESTS = 4096


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure: new processes ``restarts`` times, ``rounds`` each, batches of ``batch_seconds``."""

    restarts: int = 3
    rounds: int = 12
    batch_seconds: float = 0.03


QUICK = Plan(restarts=1, rounds=2, batch_seconds=0.002)


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Sum up the values of the rounds."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(slots=True)
class Figures:
    """What was measured: for each cell, one sample a round, round by round in the same order."""

    samples: dict[Cell, list[Sample]] = field(default_factory=dict)

    def samples_in_order(self) -> list[Cell]:
        """Return the cells as the catalogue lists them, whatever the order of the first round was."""
        workloads = {cell.workload for cell in self.samples}
        listed = [cell for workload in workloads for cell in list_cells(workload, monitoring=True)]
        return [cell for cell in listed if cell in self.samples]

    def seconds(self, cell: Cell) -> float:
        """Return the median seconds of a request."""
        return statistics.median(sample.seconds for sample in self.samples[cell])

    def ratios(self, cell: Cell, to: str = BASELINE) -> list[float]:
        """Return, for each round, a cell's time divided by that of another variant under the same load."""
        others = self.samples[Cell(cell.workload, to, cell.load)]
        return [one.seconds / other.seconds for one, other in zip(self.samples[cell], others, strict=True)]

    def cpu_ratios(self, cell: Cell, to: str = BASELINE) -> list[float]:
        """Return the same for processor time; empty where the system does not tell it."""
        others = self.samples[Cell(cell.workload, to, cell.load)]
        pairs = zip(self.samples[cell], others, strict=True)
        return [one.cpu / other.cpu for one, other in pairs if one.cpu and other.cpu]

    def added(self, cell: Cell) -> list[float]:
        """Return, for each round, the seconds that a variant adds to a request."""
        others = self.samples[Cell(cell.workload, BASELINE, cell.load)]
        return [one.seconds - other.seconds for one, other in zip(self.samples[cell], others, strict=True)]

    def cpu_added(self, cell: Cell) -> list[float]:
        """Return the same for processor time; empty where the system does not tell it."""
        others = self.samples[Cell(cell.workload, BASELINE, cell.load)]
        pairs = zip(self.samples[cell], others, strict=True)
        return [one.cpu - other.cpu for one, other in pairs if one.cpu and other.cpu]


def measure(python: str, workload: str, plan: Plan, directory: Path, *, monitoring: bool) -> Figures:
    """Measure every variant of a workload with one Python; ``directory`` is for the processes' files.

    Raises:
        BenchError: a process died, or did something else than it is measured for.
    """
    figures = Figures()
    cells = list_cells(workload, monitoring=monitoring)
    for restart in range(plan.restarts):
        with ExitStack() as stack:
            drivers = {
                variant: stack.enter_context(open_driver(python, workload, variant, directory / f"{restart}-{variant}"))
                for variant in dict.fromkeys(cell.variant for cell in cells)
            }
            for driver in drivers.values():
                driver.start()
            counts = {cell: _count_requests(drivers, cell, plan) for cell in cells}
            _warm_up(drivers, counts)
            for turn in range(plan.rounds):
                _run_round(drivers, counts, figures, seed=restart * plan.rounds + turn)
    return figures


def _count_requests(drivers: Mapping[str, Driver], cell: Cell, plan: Plan) -> int:
    """Return how many requests make a batch: a multiple of the number of slugs, so that all have as many."""
    driver = drivers[BASELINE]
    driver.run(cell.load, SLUGS)
    each = driver.run(cell.load, SLUGS).seconds * find_variant(cell.variant).slower
    return SLUGS * max(1, round(min(plan.batch_seconds / each, _MOST_REQUESTS) / SLUGS))


def _warm_up(drivers: Mapping[str, Driver], counts: Mapping[Cell, int]) -> None:
    """Run every cell twice: caches, specialised bytecode, lines that are new."""
    for cell, count in counts.items():
        for _ in range(2):
            drivers[cell.variant].run(cell.load, max(count, 2 * SLUGS) if cell.variant == "eight" else count)


def _run_round(drivers: Mapping[str, Driver], counts: Mapping[Cell, int], figures: Figures, *, seed: int) -> None:
    """Run each cell once, in an order of the round's own."""
    order = list(counts)
    random.Random(seed).shuffle(order)
    for cell in order:
        figures.samples.setdefault(cell, []).append(drivers[cell.variant].run(cell.load, counts[cell]))

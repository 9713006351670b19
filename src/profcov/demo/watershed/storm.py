"""The design storm: one rain of given depth and duration, and its erosivity."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import pairwise
from typing import Final

from profcov.demo.watershed.climate import Climate

SCS_TYPE_II: Final = (
    (0.0, 0.0), (0.083, 0.022), (0.167, 0.048), (0.25, 0.080), (0.333, 0.120), (0.396, 0.163), (0.4375, 0.204),
    (0.479, 0.283), (0.490, 0.357), (0.5, 0.663), (0.5208, 0.735), (0.5625, 0.799), (0.625, 0.854), (0.75, 0.921),
    (0.875, 0.965), (1.0, 1.0),
)  # fmt: skip
"""Part of the storm's time that is over, and part of its rain that has fallen (US Soil Conservation Service, 24 hours)."""

STEP_H: Final = 0.1


def make_storm(depth_mm: float, duration_h: float, month: int = 7) -> Climate:
    """Return the climate of one storm of ``depth_mm`` in ``duration_h`` hours; its erosivity is EI30 of that event."""
    rates = storm_intensities(depth_mm, duration_h)
    monthly = [0.0] * 12
    monthly[month - 1] = depth_mm
    return Climate(
        "storm", kinetic_energy(rates) * peak_30_minutes(rates), tuple(monthly), max(1, math.ceil(duration_h / 24))
    )


def fallen(part: float) -> float:
    """Return the part of the rain that has fallen when ``part`` of the time is over."""
    times = [time for time, _ in SCS_TYPE_II]
    after = min(bisect_right(times, part), len(times) - 1)
    (start, before), (end, total) = SCS_TYPE_II[after - 1], SCS_TYPE_II[after]
    return before + (total - before) * (part - start) / (end - start)


def storm_intensities(depth_mm: float, duration_h: float) -> list[float]:
    """Return the intensity in mm/h of each step of 0.1 hours (the last may be cut short: its rain is spread over the step)."""
    steps = max(1, math.ceil(round(duration_h / STEP_H, 9)))
    marks = [fallen(min(1.0, step * STEP_H / duration_h)) for step in range(steps + 1)]
    return [(after - before) * depth_mm / STEP_H for before, after in pairwise(marks)]


def kinetic_energy(rates: list[float]) -> float:
    """Return the energy of rain in MJ/ha, after Brown and Foster (1987)."""
    return sum(0.29 * (1 - 0.72 * math.exp(-0.05 * rate)) * rate * STEP_H for rate in rates)


def peak_30_minutes(rates: list[float]) -> float:
    """Return the greatest intensity over 30 minutes, in mm/h."""
    width = round(0.5 / STEP_H)
    return max(sum(rates[start : start + width]) / width for start in range(max(1, len(rates) - width + 1)))

"""Climate: days of weather from one of three methods, and the erosivity of their rain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

METHODS: Final = ("daymet", "stochastic", "storm")
DAYS_A_YEAR: Final = 365
EROSIVE_MM: Final = 12.7
"""Less rain than this in a day moves no soil."""


class Day(NamedTuple):
    """One day's weather: ``day`` counts from 1 in a year of 365, rain is in mm, temperatures in degrees Celsius."""

    year: int
    day: int
    rain: float
    coldest: float
    warmest: float

    @property
    def month(self) -> int:
        """The month, 1 to 12, of equal lengths."""
        return min(12, 1 + (self.day - 1) * 12 // DAYS_A_YEAR)

    @property
    def is_snow(self) -> bool:
        """Whether it snows instead: the mean temperature is below freezing."""
        return self.coldest + self.warmest < 0


@dataclass(frozen=True, slots=True)
class Climate:
    """What the erosion model needs of the weather.

    ``erosivity`` is R of the USLE in MJ mm ha-1 h-1, a year or (for a storm) an event; ``monthly_mm`` is the mean rain and
    snow of each month, or of the storm in its month.
    """

    method: str
    erosivity: float
    monthly_mm: tuple[float, ...]
    wet_days: int

    def to_json(self) -> dict[str, Any]:
        """Return the values by name, with the total added."""
        monthly = [round(value, 2) for value in self.monthly_mm]
        return {
            "method": self.method,
            "erosivity": round(self.erosivity, 3),
            "monthly_mm": monthly,
            "total_mm": round(sum(self.monthly_mm), 2),
            "wet_days": self.wet_days,
        }


def summarise_days(method: str, days: Sequence[Day]) -> Climate:
    """Return the climate of whole years of daily weather."""
    years = max(1, len({day.year for day in days}))
    monthly = [0.0] * 12
    for day in days:
        if day.rain:
            monthly[day.month - 1] += day.rain / years
    return Climate(method, annual_erosivity(days), tuple(monthly), sum(day.rain > 0 for day in days))


def annual_erosivity(days: Sequence[Day]) -> float:
    """Return R in MJ mm ha-1 h-1 a year from daily rain, after Yu and Rosewell (1996), with the peak in July.

    Snow does not count: it does not strike the soil.
    """
    years = max(1, len({day.year for day in days}))
    total = 0.0
    for day in days:
        if day.rain > EROSIVE_MM and not day.is_snow:
            season = 1 + 0.29 * math.cos(2 * math.pi * (day.month - 7) / 12)
            total += 0.395 * season * day.rain**1.49
    return total / years

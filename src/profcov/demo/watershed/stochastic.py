"""The weather generator: wet and dry days by a Markov chain, amounts by a gamma distribution, temperatures by season."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Final

from profcov.demo.watershed.climate import DAYS_A_YEAR, Day


@dataclass(frozen=True, slots=True)
class Station:
    """Monthly statistics, January first, of the kind that WGEN and CLIGEN use (Richardson, 1981).

    The chances are those of a wet day after a dry and after a wet one; ``shape`` and ``scale_mm`` are of the gamma distribution of
    rain on a wet day; temperatures are the mean of the year and half the difference of the seasons, in degrees Celsius.
    """

    wet_after_dry: tuple[float, ...]
    wet_after_wet: tuple[float, ...]
    shape: float
    scale_mm: tuple[float, ...]
    mean_temperature: float = 8.5
    season_swing: float = 11.0


PALOUSE: Final = Station(
    wet_after_dry=(0.36, 0.33, 0.32, 0.28, 0.26, 0.22, 0.11, 0.12, 0.16, 0.23, 0.35, 0.37),
    wet_after_wet=(0.62, 0.58, 0.56, 0.52, 0.51, 0.47, 0.33, 0.37, 0.42, 0.50, 0.62, 0.63),
    shape=0.75,
    scale_mm=(8.4, 7.6, 7.4, 7.9, 8.8, 9.2, 8.6, 9.0, 9.1, 8.9, 9.6, 9.0),
)
"""Made up to look like the rolling country around Moscow, Idaho: wet winters, dry summers."""


def generate_weather(station: Station, years: int, seed: int) -> list[Day]:
    """Return ``years`` of daily weather; the same seed gives the same days."""
    source = random.Random(seed)
    days: list[Day] = []
    wet, anomaly = False, 0.0
    for number in range(years * DAYS_A_YEAR):
        year, day = number // DAYS_A_YEAR + 1, number % DAYS_A_YEAR + 1
        month = day * 12 // (DAYS_A_YEAR + 1)
        wet = source.random() < (station.wet_after_wet if wet else station.wet_after_dry)[month]
        rain = draw_rain(source, station, month) if wet else 0.0
        anomaly = 0.65 * anomaly + source.gauss(0.0, 2.5)
        mean = season_mean(station, day) + anomaly
        half = 4.0 if wet else 7.0  # clouds keep the day cool and the night warm
        days.append(Day(year, day, rain, round(mean - half, 2), round(mean + half, 2)))
    return days


def draw_rain(source: random.Random, station: Station, month: int) -> float:
    """Return the rain of a wet day in mm, at least the trace that a gauge can read."""
    return max(0.1, round(source.gammavariate(station.shape, station.scale_mm[month]), 2))


def season_mean(station: Station, day: int) -> float:
    """Return the mean temperature of a day of the year, coldest in the middle of January."""
    return station.mean_temperature - station.season_swing * math.cos(2 * math.pi * (day - 15) / DAYS_A_YEAR)

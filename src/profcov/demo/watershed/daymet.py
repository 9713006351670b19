"""Observed days, from the CSV that Daymet's single pixel tool writes."""

from __future__ import annotations

import csv
import math
from importlib.resources import files
from typing import Final

from profcov.demo.watershed.climate import DAYS_A_YEAR, Day
from profcov.demo.watershed.errors import ModelError

COLUMNS: Final = ("year", "yday", "prcp (mm/day)", "tmax (deg c)", "tmin (deg c)")


def read_bundled() -> str:
    """Return the CSV that comes with the model."""
    return (files("profcov.demo.watershed") / "data" / "daymet.csv").read_text("utf-8")


def read_daymet(text: str) -> list[Day]:
    """Read daily weather. Lines before the one that names the columns are passed over, as Daymet writes some there.

    Raises:
        ModelError: a column is missing, a value is no number or impossible, or a year is not whole.
    """
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines) if line.lower().startswith("year,")), None)
    if start is None:
        raise ModelError("weather: no line starts with 'year,'; give the CSV of Daymet's single pixel tool")
    names = [name.strip().lower() for name in lines[start].split(",")]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise ModelError(f"weather line {start + 1}: column {', '.join(missing)} missing")
    places = [names.index(name) for name in COLUMNS]
    rows = enumerate(csv.reader(lines[start + 1 :]), start + 2)
    days = [_read_day(number, row, places) for number, row in rows if row]
    _check_years(days)
    return days


def _read_day(number: int, row: list[str], places: list[int]) -> Day:
    try:
        year, day, rain, warmest, coldest = (float(row[place]) for place in places)
    except (IndexError, ValueError):
        raise ModelError(f"weather line {number}: expected a number for each of {', '.join(COLUMNS)}") from None
    if not (math.isfinite(warmest - coldest) and math.isfinite(rain) and rain >= 0 and coldest <= warmest):
        raise ModelError(f"weather line {number}: rain below 0, or tmin above tmax, or not a finite number")
    if not (1 <= day <= DAYS_A_YEAR and math.isfinite(year)):
        raise ModelError(f"weather line {number}: yday {day:g}: expected 1 to {DAYS_A_YEAR}, and a year")
    return Day(int(year), int(day), rain, coldest, warmest)


def _check_years(days: list[Day]) -> None:
    counts: dict[int, set[int]] = {}
    for day in days:
        counts.setdefault(day.year, set()).add(day.day)
    short = [f"{year} has {len(seen)}" for year, seen in counts.items() if len(seen) != DAYS_A_YEAR]
    if short or len(days) != DAYS_A_YEAR * len(counts) or not days:
        raise ModelError(
            f"weather: expected {DAYS_A_YEAR} different days in each year; {', '.join(short) or 'days repeat'}"
        )

from __future__ import annotations

import pytest

from profcov.demo.watershed.climate import Day, annual_erosivity, summarise_days


def test_erosivity_of_one_day_in_july_follows_the_formula() -> None:
    assert annual_erosivity([Day(1, 200, 40.0, 10, 25)]) == pytest.approx(0.395 * 1.29 * 40**1.49)


def test_winter_rain_erodes_less_than_the_same_in_summer() -> None:
    january, july = (annual_erosivity([Day(1, day, 40.0, 5, 10)]) for day in (15, 200))
    assert january == pytest.approx(july * (1 - 0.29) / 1.29)


def test_drizzle_and_snow_do_not_erode() -> None:
    assert annual_erosivity([Day(1, 200, 12.7, 10, 20), Day(1, 15, 60.0, -10, 2)]) == 0


def test_totals_are_means_over_the_years() -> None:
    days = [Day(year, day, 2.0, 5, 15) for year in (2001, 2002) for day in range(1, 366)]
    climate = summarise_days("daymet", days)
    assert sum(climate.monthly_mm) == pytest.approx(730)
    assert climate.wet_days == 730
    assert climate.to_json()["total_mm"] == 730


def test_months_divide_the_year() -> None:
    assert [Day(1, day, 0, 0, 0).month for day in (1, 31, 32, 335, 336, 365)] == [1, 1, 2, 11, 12, 12]
    months = [Day(1, day, 0, 0, 0).month for day in range(1, 366)]
    assert {months.count(month) for month in range(1, 13)} == {30, 31}

from __future__ import annotations

import itertools

import pytest

from profcov.demo.watershed.stochastic import PALOUSE, Station, generate_weather


def test_same_seed_gives_same_days_and_another_gives_others() -> None:
    assert generate_weather(PALOUSE, 3, 5) == generate_weather(PALOUSE, 3, 5)
    assert generate_weather(PALOUSE, 3, 5) != generate_weather(PALOUSE, 3, 6)


def test_more_years_begin_as_fewer_do() -> None:
    assert generate_weather(PALOUSE, 4, 5)[: 2 * 365] == generate_weather(PALOUSE, 2, 5)


def test_wet_and_dry_days_follow_the_chances_of_the_chain() -> None:
    station = Station((0.2,) * 12, (0.6,) * 12, shape=0.75, scale_mm=(8.0,) * 12)
    days = generate_weather(station, 100, 1)
    pairs = list(itertools.pairwise(day.rain > 0 for day in days))
    after_wet = [now for before, now in pairs if before]
    after_dry = [now for before, now in pairs if not before]
    assert sum(after_wet) / len(after_wet) == pytest.approx(0.6, abs=0.02)
    assert sum(after_dry) / len(after_dry) == pytest.approx(0.2, abs=0.02)


def test_rain_has_the_mean_of_its_gamma_distribution() -> None:
    station = Station((0.5,) * 12, (0.5,) * 12, shape=2.0, scale_mm=(5.0,) * 12)
    rain = [day.rain for day in generate_weather(station, 100, 1) if day.rain]
    assert sum(rain) / len(rain) == pytest.approx(10.0, rel=0.03)
    assert min(rain) >= 0.1


def test_summers_are_warm_and_dry_winters_cold_and_wet() -> None:
    days = generate_weather(PALOUSE, 50, 3)
    july, january = ([day for day in days if day.month == month] for month in (7, 1))
    assert sum(day.warmest for day in july) / len(july) > sum(day.warmest for day in january) / len(january) + 15
    assert sum(day.rain for day in january) > 3 * sum(day.rain for day in july)
    assert all(day.coldest < day.warmest for day in days)

from __future__ import annotations

import math

import pytest

from profcov.demo.watershed.storm import STEP_H, fallen, kinetic_energy, make_storm, peak_30_minutes, storm_intensities


@pytest.mark.parametrize("hours", [0.5, 1.0, 6.0, 24.0])
def test_all_of_the_rain_falls(hours: float) -> None:
    assert sum(storm_intensities(60, hours)) * STEP_H == pytest.approx(60)


def test_two_thirds_of_a_type_ii_storm_have_fallen_at_half_time() -> None:
    assert fallen(0.5) == pytest.approx(0.663)
    assert (fallen(0.0), fallen(1.0)) == (0.0, 1.0)


def test_energy_of_steady_rain_is_that_of_the_formula() -> None:
    assert kinetic_energy([20.0] * 10) == pytest.approx(0.29 * (1 - 0.72 * math.exp(-1)) * 20)


def test_peak_is_over_thirty_minutes_not_over_the_worst_step() -> None:
    assert peak_30_minutes([0, 0, 50, 100, 50, 0, 0, 0]) == pytest.approx(40)


def test_the_same_rain_in_less_time_erodes_more() -> None:
    short, long = make_storm(60, 6), make_storm(60, 24)
    assert short.erosivity > 1.5 * long.erosivity
    assert short.monthly_mm == long.monthly_mm
    assert sum(short.monthly_mm) == 60

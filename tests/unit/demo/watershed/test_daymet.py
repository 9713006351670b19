from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profcov.demo.watershed.daymet import read_bundled, read_daymet
from profcov.demo.watershed.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = "year,yday,prcp (mm/day),tmax (deg c),tmin (deg c)"
YEAR = [f"2020,{day},{day % 5}.5,20,{day % 10}" for day in range(1, 366)]
TEXT = "\n".join(["Latitude: 46", COLUMNS, *YEAR])


def test_reads_days_below_the_lines_that_daymet_writes_first() -> None:
    days = read_daymet(TEXT)
    assert len(days) == 365
    assert days[6] == (2020, 7, 2.5, 7.0, 20.0)


def test_columns_may_come_in_another_order() -> None:
    rows = [",".join(reversed(row.split(","))) for row in YEAR]
    swapped = "\n".join(["year,tmin (deg c)", *rows])
    with pytest.raises(ModelError, match=r"line 1: column yday, prcp \(mm/day\), tmax \(deg c\) missing"):
        read_daymet(swapped)
    order = "year,tmin (deg c),yday,tmax (deg c),prcp (mm/day)"
    rows = [f"2020,{day % 10},{day},20,{day % 5}.5" for day in range(1, 366)]
    assert read_daymet("\n".join([order, *rows])) == read_daymet(TEXT)


def test_both_files_that_come_with_the_demo_are_whole_years(data: Path) -> None:
    assert len(read_daymet(read_bundled())) == 365
    assert len(read_daymet((data / "daymet.csv").read_text())) == 730


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rain\n1", "no line starts with 'year,'"),
        (TEXT.replace("2020,7,2.5", "2020,7,-2.5"), "weather line 9: rain below 0"),
        (TEXT.replace("2020,7,2.5", "2020,7,wet"), "weather line 9: expected a number for each"),
        (TEXT.replace("2020,7,2.5,20,7", "2020,7,2.5,1,7"), "weather line 9: rain below 0, or tmin above tmax"),
        (TEXT.replace("2020,7,2.5", "2020,7,nan"), "weather line 9: .* not a finite number"),
        (TEXT.replace("2020,7,", "2020,777,"), "weather line 9: yday 777"),
        ("\n".join([COLUMNS, *YEAR[:-1]]), "expected 365 different days in each year; 2020 has 364"),
        ("\n".join([COLUMNS, *YEAR, YEAR[0]]), "days repeat"),
        (COLUMNS, "expected 365 different days"),
    ],
)
def test_says_what_is_wrong_with_the_weather_and_where(text: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read_daymet(text)

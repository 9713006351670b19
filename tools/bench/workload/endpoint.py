"""A Starlette endpoint: a series of numbers, smoothed and summed up, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

DAYS = 120


def make_series(station: int, days: int) -> list[float]:
    """Return the daily rain of a station."""
    rain = []
    state = station
    for _ in range(days):
        state = (state * 1103515245 + 12345) % 2147483648
        rain.append(state % 500 / 10 if state % 3 == 0 else 0.0)
    return rain


def smooth(series: Sequence[float], width: int) -> list[float]:
    """Return the moving mean."""
    means = []
    for i in range(len(series)):
        window = series[max(0, i - width) : i + 1]
        means.append(round(sum(window) / len(window), 2))
    return means


async def show_rain(request: Request) -> JSONResponse:
    """Answer with a station's rain."""
    station = int(request.path_params["station"])
    days = int(request.query_params.get("days", DAYS))
    if days <= 0:
        return JSONResponse({"error": "days must be above 0"}, 400)
    rain = await load(station, days)
    wet = [amount for amount in rain if amount > 0]
    return JSONResponse({"station": station, "wet_days": len(wet), "total": sum(wet), "mean": smooth(rain, 7)})


async def load(station: int, days: int) -> list[float]:
    """Fetch a station's rain, as one would from a database."""
    return make_series(station, days)


app = Starlette(routes=[Route("/rain/{station:int}", show_rain)])

"""The results page: what the template draws, in the units of its pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, render_template

from profcov.demo.routes import stored_runs
from profcov.demo.runs import RunMissingError, StepMissingError
from profcov.demo.steps import read_losses
from profcov.demo.watershed.grid import read_grid
from profcov.demo.watershed.network import Watershed
from profcov.demo.watershed.summary import classify_loss

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

MONTHS: Final = "JFMAMJJASOND"
CHART_HEIGHT: Final = 100.0

pages = Blueprint("pages", __name__)


@pages.get("/runs/<run_id>/results")
def show_results(run_id: str) -> ResponseReturnValue:
    """Show a finished run: figures, map of soil loss, tables, rain by month."""
    name, dem, stored, climate, summary = stored_runs().get(run_id, "name", "dem", "watershed", "climate", "summary")
    grid, watershed = read_grid(dem), Watershed.from_json(stored)
    return render_template(
        "results.html",
        name=name,
        run_id=run_id,
        rows=grid.rows,
        cols=grid.cols,
        cells=draw_map(watershed, stored_runs().get_losses(run_id)),
        watershed=watershed,
        climate=climate,
        bars=draw_bars(climate["monthly_mm"]),
        unit="t/ha in the storm" if climate["method"] == "storm" else "t/ha a year",
        summary=summary,
    )


@pages.errorhandler(RunMissingError)
def show_missing(error: RunMissingError) -> ResponseReturnValue:
    """Answer that there is no such run."""
    return render_template("error.html", title="No such run", message=str(error)), 404


@pages.errorhandler(StepMissingError)
def show_unfinished(error: StepMissingError) -> ResponseReturnValue:
    """Answer what the run lacks."""
    return render_template("error.html", title="Not finished yet", message=str(error)), 409


def draw_map(watershed: Watershed, losses: dict[int, Any]) -> list[dict[str, Any]]:
    """Return a square for each cell: its place, the class that colours it, and what to say about it."""
    squares = [
        {"row": row, "col": col, "shade": "channel", "title": f"channel, row {row}, column {col}"}
        for row, col in watershed.channels
    ]
    for number, rows in losses.items():
        for (row, col), gross, _ in read_losses(rows):
            title = f"hillslope {number}, row {row}, column {col}: {gross:.2f} t/ha"
            squares.append({"row": row, "col": col, "shade": classify_loss(gross), "title": title})
    return squares


def draw_bars(monthly_mm: list[float]) -> list[dict[str, Any]]:
    """Return a bar for each month, the tallest as high as the chart."""
    tallest = max(*monthly_mm, 1.0)
    return [
        {"month": month, "mm": mm, "height": round(mm / tallest * CHART_HEIGHT, 2)}
        for month, mm in zip(MONTHS, monthly_mm, strict=True)
    ]

"""The steps of a run: read what is stored, call the model, store what it answers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from profcov.demo.watershed import daymet, stochastic
from profcov.demo.watershed.climate import Climate, summarise_days
from profcov.demo.watershed.delineate import Delineation, delineate
from profcov.demo.watershed.disturbed import Fire, burned_cover, disturb_soils
from profcov.demo.watershed.erosion import Factors, Loss, Terrain, erode_cells
from profcov.demo.watershed.fill import count_raised, fill_depressions
from profcov.demo.watershed.flow import Flow, find_flow
from profcov.demo.watershed.grid import Grid, read_grid, write_grid
from profcov.demo.watershed.landuse import map_landuse
from profcov.demo.watershed.network import Watershed
from profcov.demo.watershed.soils import map_soils
from profcov.demo.watershed.storm import make_storm
from profcov.demo.watershed.summary import HillslopeLoss, summarise_run

if TYPE_CHECKING:
    from profcov.demo.runs import Runs


def load_ground(runs: Runs, run_id: str) -> tuple[Grid, Flow]:
    """Return a run's grid, its depressions filled, and the flow over it.

    Raises:
        RunMissingError: there is no such run.
        StepMissingError: it has no grid.
    """
    dem, flow = runs.get(run_id, "dem", "flow")
    return read_grid(dem), Flow.from_json(flow)


def store_dem(runs: Runs, run_id: str, text: str, units: str) -> dict[str, Any]:
    """Read an uploaded grid, store it in metres with its depressions filled, and the flow over it; return what it holds.

    Raises:
        ModelError: it is no grid.
    """
    grid = read_grid(text, units)
    filled = fill_depressions(grid)
    runs.put(run_id, dem=write_grid(filled), flow=find_flow(filled).to_json())
    heights = grid.heights.values()
    return {
        "rows": grid.rows,
        "cols": grid.cols,
        "cells": len(heights),
        "lowest_m": round(min(heights), 2),
        "highest_m": round(max(heights), 2),
        "raised": count_raised(grid, filled),
    }


def store_observations(runs: Runs, run_id: str, text: str) -> dict[str, Any]:
    """Store uploaded weather once it has proved readable, and say how much there is.

    Raises:
        ModelError: it is no CSV of Daymet's.
    """
    days = daymet.read_daymet(text)
    runs.put(run_id, observations=text)
    return {"days": len(days), "years": len({day.year for day in days})}


def run_delineation(runs: Runs, run_id: str, wanted: Delineation) -> dict[str, int]:
    """Delineate the run's watershed; return counts."""
    grid, flow = load_ground(runs, run_id)
    watershed = delineate(grid, flow, wanted)
    runs.put(run_id, watershed=watershed.to_json())
    return watershed.facts


def run_stochastic(runs: Runs, run_id: str, years: int, seed: int) -> dict[str, Any]:
    """Generate the run's weather."""
    days = stochastic.generate_weather(stochastic.PALOUSE, years, seed)
    return store_climate(runs, run_id, summarise_days("stochastic", days))


def run_daymet(runs: Runs, run_id: str, source: str) -> dict[str, Any]:
    """Take the run's weather from observed days: those bundled with the model, or those uploaded."""
    text = daymet.read_bundled() if source == "bundled" else runs.get(run_id, "observations")[0]
    return store_climate(runs, run_id, summarise_days("daymet", daymet.read_daymet(text)))


def run_storm(runs: Runs, run_id: str, depth_mm: float, duration_h: float) -> dict[str, Any]:
    """Make the run's weather a single storm."""
    return store_climate(runs, run_id, make_storm(depth_mm, duration_h))


def store_climate(runs: Runs, run_id: str, climate: Climate) -> dict[str, Any]:
    """Store a climate and return it as JSON."""
    data = climate.to_json()
    runs.put(run_id, climate=data)
    return data


def run_soils(runs: Runs, run_id: str, fire: Fire | None) -> dict[str, int]:
    """Map the run's soils, burned ones if there was a fire; count the cells of each texture."""
    dem, stored = runs.get(run_id, "dem", "watershed")
    grid = read_grid(dem)
    soils = map_soils(grid, Watershed.from_json(stored).cells)
    if fire is not None:
        soils = disturb_soils(grid, soils, fire)
    rows = [[*soil.cell, soil.texture, soil.k, soil.severity] for soil in soils]
    runs.put(run_id, soils=rows)
    textures = Counter(str(row[2]) for row in rows)
    return dict(sorted(textures.items()))


def run_landuse(runs: Runs, run_id: str, practice: str) -> dict[str, int]:
    """Map the run's land use, burned where its soils are; count the cells of each cover."""
    grid, flow = load_ground(runs, run_id)
    stored, soils = runs.get(run_id, "watershed", "soils")
    uses = map_landuse(grid, flow, Watershed.from_json(stored), practice)
    severity = {(row, col): burned for row, col, _, _, burned in soils}
    rows = [[*use.cell, use.cover, burned_cover(severity[use.cell], use.c), use.p] for use in uses]
    runs.put(run_id, landuse=rows)
    covers = Counter(use.cover for use in uses)
    return dict(sorted(covers.items()))


def start_erosion(runs: Runs, run_id: str) -> list[int]:
    """Make a run ready for erosion; return the numbers of its hillslopes."""
    (stored,) = runs.get(run_id, "watershed")
    runs.clear_losses(run_id)
    return sorted(Watershed.from_json(stored).hillslopes)


def run_hillslope(runs: Runs, run_id: str, number: int) -> int:
    """Erode one hillslope; return how many cells it has."""
    stored, climate, soils, uses = runs.get(run_id, "watershed", "climate", "soils", "landuse")
    watershed = Watershed.from_json(stored)
    terrain = Terrain(*load_ground(runs, run_id), frozenset(watershed.channels))
    k = {(row, col): value for row, col, _, value, _ in soils}
    factors = {(row, col): Factors(k[row, col], c, p) for row, col, _, c, p in uses}
    losses = erode_cells(terrain, climate["erosivity"], factors, watershed.hillslopes[number])
    runs.put_losses(run_id, number, [[*loss.cell, round(loss.gross, 6), round(loss.delivered, 6)] for loss in losses])
    return len(losses)


def run_summary(runs: Runs, run_id: str) -> dict[str, Any]:
    """Summarise the losses of all hillslopes; return the summary."""
    dem, uses = runs.get(run_id, "dem", "landuse")
    covers = {(row, col): cover for row, col, cover, _, _ in uses}
    stored = runs.get_losses(run_id).items()
    hillslopes = [HillslopeLoss(number, read_losses(rows)) for number, rows in stored]
    summary = summarise_run(hillslopes, covers, read_grid(dem).cell_size)
    runs.put(run_id, summary=summary)
    return summary


def read_losses(rows: list[list[Any]]) -> list[Loss]:
    """Return losses from their stored form: row, column, gross and delivered."""
    return [Loss((row, col), gross, delivered) for row, col, gross, delivered in rows]

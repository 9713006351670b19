"""Delineation after WhiteboxTools: extract streams, snap the pour point, one subbasin for each link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.demo.watershed.errors import ModelError
from profcov.demo.watershed.network import Link, Watershed, channel_cells, split_links

if TYPE_CHECKING:
    from profcov.demo.watershed.flow import Flow
    from profcov.demo.watershed.grid import Cell, Grid


def delineate_wbt(grid: Grid, flow: Flow, outlet: Cell, *, threshold: int, snap: float) -> Watershed:
    """Delineate what drains to the stream nearest to ``outlet``, which must be within ``snap`` metres.

    ``threshold`` is how many cells make a stream.

    Raises:
        ModelError: there is no stream, or none so near.
    """
    streams = channel_cells(flow, flow.order, threshold)
    pour = snap_pour_point(grid, flow, streams, outlet, snap)
    inside = label_basin(flow, pour)
    links = split_links(flow, {cell for cell in streams if inside[cell]})
    subbasins = label_subbasins(flow, links, inside)
    strahler = max(strahler_orders(flow, links).values())
    channels = tuple(sorted(cell for link in links for cell in link.cells))
    facts = {"links": len(links), "strahler": strahler, "hillslopes": len(subbasins)}
    return Watershed("wbt", pour, channels, subbasins, facts)


def snap_pour_point(grid: Grid, flow: Flow, streams: set[Cell], outlet: Cell, snap: float) -> Cell:
    """Return the stream cell nearest to ``outlet``; of those as near, the one with most water (Jenson, 1991).

    Raises:
        ModelError: the nearest is farther than ``snap`` metres.
    """
    nearest = min(sorted(streams), key=lambda cell: (grid.distance(cell, outlet), -flow.area[cell]))
    metres = grid.distance(nearest, outlet)
    if metres > snap:
        raise ModelError(
            f"outlet {list(outlet)}: the nearest stream is {metres:.0f} m away, farther than snap_m {snap:g}"
        )
    return nearest


def label_basin(flow: Flow, pour: Cell) -> dict[Cell, bool]:
    """Tell for every cell whether it drains through ``pour``, from the bottom up."""
    inside: dict[Cell, bool] = {}
    for cell in reversed(flow.order):
        target = flow.receiver[cell]
        inside[cell] = cell == pour or (target is not None and inside[target])
    return inside


def label_subbasins(flow: Flow, links: list[Link], inside: dict[Cell, bool]) -> dict[int, tuple[Cell, ...]]:
    """Map the number of each link, from 1, to the land that drains into it; a link without land is left out."""
    label = {cell: number for number, link in enumerate(links, 1) for cell in link.cells}
    streams = set(label)
    for cell in reversed(flow.order):
        target = flow.receiver[cell]
        if inside[cell] and cell not in streams and target is not None:
            label[cell] = label[target]
    land: dict[int, list[Cell]] = {}
    for cell in sorted(label):
        if cell not in streams:
            land.setdefault(label[cell], []).append(cell)
    return {number: tuple(land[number]) for number in sorted(land)}


def strahler_orders(flow: Flow, links: list[Link]) -> dict[int, int]:
    """Map the number of each link, from 1, to its Strahler order: where two of one order meet, it rises by one."""
    starts = {link.cells[0]: number for number, link in enumerate(links, 1)}
    inflows: dict[int, list[int]] = {number: [] for number in starts.values()}
    orders: dict[int, int] = {}
    for number, link in enumerate(links, 1):  # no link comes before what drains to it
        meeting = inflows[number]
        orders[number] = max(meeting, default=1) + (meeting.count(max(meeting, default=0)) > 1)
        target = flow.receiver[link.cells[-1]]
        if target in starts:
            inflows[starts[target]].append(orders[number])
    return orders

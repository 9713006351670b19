"""Delineation after TOPAZ: trace upstream, drop short sources, split the land by the side of the channel it drains to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.demo.watershed.network import Link, Watershed, channel_cells, split_links

if TYPE_CHECKING:
    from profcov.demo.watershed.flow import Flow
    from profcov.demo.watershed.grid import Cell, Grid

TOP, LEFT, RIGHT = 1, 2, 3
"""The last digit of a hillslope's number; the digits before it count the links."""


def delineate_topaz(grid: Grid, flow: Flow, outlet: Cell, *, threshold: int, min_length: float) -> Watershed:
    """Delineate what drains to ``outlet`` (Garbrecht and Martz, 1997).

    ``threshold`` is the critical source area in cells, ``min_length`` the minimum length of a source channel in metres.

    Raises:
        ModelError: no channel drains to the outlet.
    """
    donors = flow.donors()
    basin = trace_upstream(donors, outlet)
    channels = channel_cells(flow, basin, threshold)
    links, pruned = prune_sources(grid, flow, channels, min_length)
    hillslopes: dict[int, tuple[Cell, ...]] = {}
    kept = {cell for link in links for cell in link.cells}
    for number, link in enumerate(links, 1):
        for side, roots in split_sides(link, donors, kept).items():
            cells = sorted(cell for root in roots for cell in trace_upstream(donors, root))
            hillslopes[10 * number + side] = tuple(cells)
    facts = {"links": len(links), "pruned": pruned, "hillslopes": len(hillslopes)}
    return Watershed("topaz", outlet, tuple(sorted(kept)), hillslopes, facts)


def trace_upstream(donors: dict[Cell, list[Cell]], outlet: Cell) -> list[Cell]:
    """Return every cell that drains through ``outlet``, itself first."""
    found = [outlet]
    for cell in found:  # it grows while we read it
        found.extend(donors[cell])
    return found


def prune_sources(grid: Grid, flow: Flow, channels: set[Cell], min_length: float) -> tuple[list[Link], int]:
    """Drop source links shorter than ``min_length`` metres, the shortest first; return the others and how many went.

    Two links that met where one was dropped become one, so each round splits again.
    """
    kept, pruned = set(channels), 0
    while True:
        links = split_links(flow, kept)
        short = [link for link in links if link.is_source and link_length(grid, flow, link) < min_length]
        if not short or len(links) == 1:
            return links, pruned
        kept.difference_update(min(short, key=lambda link: (len(link.cells), link.cells)).cells)
        pruned += 1


def link_length(grid: Grid, flow: Flow, link: Link) -> float:
    """Return the metres that water runs in a link, to where it joins the next."""
    steps = ((cell, flow.receiver[cell]) for cell in link.cells)
    return sum(grid.distance(cell, target or cell) for cell, target in steps)


def split_sides(link: Link, donors: dict[Cell, list[Cell]], channels: set[Cell]) -> dict[int, list[Cell]]:
    """Map each side of a link to the land cells that drain into it there, sides without land left out."""
    sides: dict[int, list[Cell]] = {}
    for index, cell in enumerate(link.cells):
        for donor in donors[cell]:
            if donor not in channels:
                sides.setdefault(side_of(link, index, donor), []).append(donor)
    return dict(sorted(sides.items()))


def side_of(link: Link, index: int, donor: Cell) -> int:
    """Tell from which side ``donor`` drains into the link's cell at ``index``, looking downstream."""
    if link.is_source and index == 0:
        return TOP
    here = link.cells[index]
    before = link.cells[max(index - 1, 0)]
    after = link.cells[min(index + 1, len(link.cells) - 1)]
    down, right = after[0] - before[0], after[1] - before[1]
    turn = down * (donor[1] - here[1]) - right * (donor[0] - here[0])
    return LEFT if turn >= 0 else RIGHT

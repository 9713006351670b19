"""Channels: cells where enough water gathers, and the links between their junctions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from profcov.demo.watershed.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Collection

    from profcov.demo.watershed.flow import Flow
    from profcov.demo.watershed.grid import Cell


@dataclass(frozen=True, slots=True)
class Link:
    """A stretch of channel, upstream first: from a source or a junction to the cell before the next junction."""

    cells: tuple[Cell, ...]
    is_source: bool


@dataclass(frozen=True, slots=True)
class Watershed:
    """What drains to ``outlet``: its channel cells and its hillslopes, which share no cell. ``facts`` are counts for people."""

    method: str
    outlet: Cell
    channels: tuple[Cell, ...]
    hillslopes: dict[int, tuple[Cell, ...]]
    facts: dict[str, int] = field(default_factory=dict)

    @property
    def cells(self) -> list[Cell]:
        """All cells, sorted."""
        return sorted([*self.channels, *(cell for cells in self.hillslopes.values() for cell in cells)])

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` reads."""
        return {
            "method": self.method,
            "outlet": self.outlet,
            "channels": self.channels,
            "hillslopes": list(self.hillslopes.items()),
            "facts": self.facts,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Watershed:
        """Return the watershed that :meth:`to_json` wrote."""
        hillslopes = {number: tuple(map(tuple, cells)) for number, cells in data["hillslopes"]}
        channels = tuple(map(tuple, data["channels"]))
        row, col = data["outlet"]
        return cls(data["method"], (row, col), channels, hillslopes, data["facts"])


def channel_cells(flow: Flow, cells: Collection[Cell], threshold: int) -> set[Cell]:
    """Return the cells that at least ``threshold`` cells drain through.

    Raises:
        ModelError: there is none.
    """
    channels = {cell for cell in cells if flow.area[cell] >= threshold}
    if not channels:
        most = max(flow.area[cell] for cell in cells)
        raise ModelError(
            f"no channel: at most {most} cells gather, fewer than the source area of {threshold}; lower area_ha"
        )
    return channels


def split_links(flow: Flow, channels: Collection[Cell]) -> list[Link]:
    """Split channels at their junctions; links come in an order in which none is before what drains to it."""
    ahead = [cell for cell in flow.order if cell in channels]
    inflows = dict.fromkeys(ahead, 0)
    for cell in ahead:
        target = flow.receiver[cell]
        if target in inflows:
            inflows[target] += 1
    starts = (cell for cell in ahead if inflows[cell] != 1)
    return [Link(_walk(flow, start, inflows), is_source=not inflows[start]) for start in starts]


def _walk(flow: Flow, start: Cell, inflows: dict[Cell, int]) -> tuple[Cell, ...]:
    cells = [start]
    target = flow.receiver[start]
    while target is not None and inflows.get(target) == 1:
        cells.append(target)
        target = flow.receiver[target]
    return tuple(cells)


def default_outlet(flow: Flow) -> Cell:
    """Return the cell that most water leaves the grid through, the first of equals."""
    leaving = [cell for cell in flow.order if flow.receiver[cell] is None]
    return max(leaving, key=lambda cell: (flow.area[cell], cell))

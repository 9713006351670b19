"""Land use: what grows on each cell and how it is worked, as C and P of the USLE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.demo.watershed.flow import Flow
    from profcov.demo.watershed.grid import Cell, Grid
    from profcov.demo.watershed.network import Watershed

COVERS: Final = {"riparian": 0.004, "crop": 0.20, "pasture": 0.02, "forest": 0.002}
"""C of each cover, in a year."""

PRACTICES: Final = ("none", "contour", "strips")

# Slope in m/m up to which P holds, for contour farming and for strip cropping (Wischmeier and Smith, 1978, table 13).
_CONTOUR: Final = ((0.02, 0.60), (0.08, 0.50), (0.12, 0.60), (0.16, 0.70), (0.20, 0.80), (0.25, 0.90))
_STRIPS: Final = ((0.02, 0.30), (0.08, 0.25), (0.12, 0.30), (0.16, 0.35), (0.20, 0.40), (0.25, 0.45))


class Use(NamedTuple):
    """What grows on a cell, with its C and P."""

    cell: Cell
    cover: str
    c: float
    p: float


def map_landuse(grid: Grid, flow: Flow, watershed: Watershed, practice: str) -> list[Use]:
    """Return the use of each cell of a watershed; ``practice`` is how its crops are worked."""
    beside = {other for cell in watershed.channels for other in [cell, *grid.neighbours(cell)]}
    uses = []
    for cell in watershed.cells:
        cover = choose_cover(flow.slope[cell], is_riparian=cell in beside)
        p = practice_factor(practice, flow.slope[cell]) if cover == "crop" else 1.0
        uses.append(Use(cell, cover, COVERS[cover], p))
    return uses


def choose_cover(slope: float, *, is_riparian: bool) -> str:
    """Return the cover that people leave or plant on a slope in m/m."""
    if is_riparian:
        return "riparian"
    if slope < 0.12:
        return "crop"
    return "pasture" if slope < 0.22 else "forest"


def practice_factor(practice: str, slope: float) -> float:
    """Return P of a practice on a slope in m/m; too steep a slope gains nothing."""
    if practice == "none":
        return 1.0
    table: Sequence[tuple[float, float]] = _CONTOUR if practice == "contour" else _STRIPS
    for limit, factor in table:
        if slope <= limit:
            return factor
    return 1.0

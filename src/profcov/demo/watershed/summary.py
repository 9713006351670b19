"""The result of a run: totals, tables by hillslope and cover, and the worst cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.demo.watershed.erosion import Loss
    from profcov.demo.watershed.grid import Cell

CLASSES: Final = ((2.0, "slight"), (5.0, "tolerable"), (11.0, "moderate"), (22.0, "high"))
"""Upper limits in t/ha of the classes of loss; above the last it is severe."""

WORST: Final = 5


class HillslopeLoss(NamedTuple):
    """The losses of one hillslope's cells."""

    number: int
    losses: Sequence[Loss]


def classify_loss(gross: float) -> str:
    """Return the class of a loss in t/ha."""
    for limit, name in CLASSES:
        if gross <= limit:
            return name
    return "severe"


def summarise_hillslope(hillslope: HillslopeLoss, hectares: float) -> dict[str, Any]:
    """Return a hillslope's area in ha, gross and delivered loss in t, and their ratio; ``hectares`` is the area of one cell."""
    gross = sum(loss.gross for loss in hillslope.losses) * hectares
    delivered = sum(loss.delivered for loss in hillslope.losses) * hectares
    return {
        "hillslope": hillslope.number,
        "area_ha": round(len(hillslope.losses) * hectares, 4),
        "gross_t": round(gross, 4),
        "delivered_t": round(delivered, 4),
        "ratio": ratio(delivered, gross),
    }


def summarise_run(hillslopes: Sequence[HillslopeLoss], covers: dict[Cell, str], cell_size: float) -> dict[str, Any]:
    """Return the whole result as JSON values; areas are in ha, losses in t, mean and worst losses in t/ha."""
    hectares = cell_size**2 / 10_000
    tables = [summarise_hillslope(hillslope, hectares) for hillslope in hillslopes]
    losses = [loss for hillslope in hillslopes for loss in hillslope.losses]
    gross, delivered = (sum(table[key] for table in tables) for key in ("gross_t", "delivered_t"))
    area = len(losses) * hectares
    return {
        "area_ha": round(area, 4),
        "gross_t": round(gross, 4),
        "delivered_t": round(delivered, 4),
        "ratio": ratio(delivered, gross),
        "mean_t_ha": ratio(gross, area),
        "median_t_ha": round(percentile([loss.gross for loss in losses], 50), 4),
        "p90_t_ha": round(percentile([loss.gross for loss in losses], 90), 4),
        "hillslopes": tables,
        "covers": summarise_covers(losses, covers, hectares),
        "classes": count_classes(losses),
        "worst": worst_cells(losses),
    }


def summarise_covers(losses: Sequence[Loss], covers: dict[Cell, str], hectares: float) -> list[dict[str, Any]]:
    """Return area in ha and gross loss in t of each cover, the largest loss first."""
    area: dict[str, float] = {}
    gross: dict[str, float] = {}
    for loss in losses:
        cover = covers[loss.cell]
        area[cover] = area.get(cover, 0.0) + hectares
        gross[cover] = gross.get(cover, 0.0) + loss.gross * hectares
    names = sorted(gross, key=lambda name: (-gross[name], name))
    return [{"cover": name, "area_ha": round(area[name], 4), "gross_t": round(gross[name], 4)} for name in names]


def count_classes(losses: Sequence[Loss]) -> dict[str, int]:
    """Count the cells in each class of loss, classes without cells included."""
    counts = dict.fromkeys([name for _, name in CLASSES] + ["severe"], 0)
    for loss in losses:
        counts[classify_loss(loss.gross)] += 1
    return counts


def worst_cells(losses: Sequence[Loss]) -> list[dict[str, Any]]:
    """Return the cells that lose most."""
    worst = sorted(losses, key=lambda loss: (-loss.gross, loss.cell))[:WORST]
    return [{"row": loss.cell[0], "col": loss.cell[1], "gross_t_ha": round(loss.gross, 4)} for loss in worst]


def percentile(values: Sequence[float], percent: float) -> float:
    """Return a percentile, between the two values nearest to it."""
    ranked = sorted(values)
    place = (len(ranked) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)


def ratio(part: float, whole: float) -> float:
    """Return a part of a whole, 0 of nothing."""
    return round(part / whole, 4) if whole else 0.0

from __future__ import annotations

import pytest

from profcov.demo.watershed.erosion import Loss
from profcov.demo.watershed.summary import HillslopeLoss, classify_loss, percentile, ratio, summarise_run

HILLSLOPES = [
    HillslopeLoss(1, [Loss((0, 0), 10.0, 5.0), Loss((0, 1), 30.0, 3.0)]),
    HillslopeLoss(2, [Loss((1, 0), 1.0, 1.0)]),
]
COVERS = {(0, 0): "crop", (0, 1): "crop", (1, 0): "forest"}


def test_totals_are_sums_over_cells_times_their_area() -> None:
    summary = summarise_run(HILLSLOPES, COVERS, 50.0)  # a quarter of a hectare each
    assert (summary["area_ha"], summary["gross_t"], summary["delivered_t"]) == (0.75, 10.25, 2.25)
    assert summary["mean_t_ha"] == pytest.approx(41 / 3, abs=1e-4)
    assert summary["hillslopes"][0] == {
        "hillslope": 1,
        "area_ha": 0.5,
        "gross_t": 10.0,
        "delivered_t": 2.0,
        "ratio": 0.2,
    }


def test_tables_by_cover_and_class_and_the_worst_first() -> None:
    summary = summarise_run(HILLSLOPES, COVERS, 50.0)
    assert [row["cover"] for row in summary["covers"]] == ["crop", "forest"]
    assert summary["classes"] == {"slight": 1, "tolerable": 0, "moderate": 1, "high": 0, "severe": 1}
    assert summary["worst"][0] == {"row": 0, "col": 1, "gross_t_ha": 30.0}


def test_class_limits_belong_to_the_lower_class() -> None:
    assert [classify_loss(loss) for loss in (2, 2.01, 11, 22, 22.01)] == [
        "slight",
        "tolerable",
        "moderate",
        "high",
        "severe",
    ]


def test_percentiles_lie_between_values() -> None:
    assert percentile([4, 1, 3, 2], 50) == 2.5
    assert percentile([4, 1, 3, 2], 100) == 4
    assert percentile([7], 90) == 7


def test_a_part_of_nothing_is_nothing() -> None:
    assert ratio(0, 0) == 0.0

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profcov.demo.watershed.delineate import Delineation, delineate
from profcov.demo.watershed.errors import ModelError
from profcov.demo.watershed.fill import fill_depressions
from profcov.demo.watershed.flow import Flow, accumulate, find_flow, sort_downstream
from profcov.demo.watershed.grid import read_grid
from profcov.demo.watershed.network import Watershed, split_links
from profcov.demo.watershed.topaz import LEFT, RIGHT, TOP, delineate_topaz, prune_sources, trace_upstream
from profcov.demo.watershed.wbt import delineate_wbt, label_basin, snap_pour_point, strahler_orders

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from profcov.demo.watershed.grid import Grid

WEST_ARM = [(1, 1), (2, 2)]
EAST_ARM = [(1, 5), (2, 4)]
STEM = [(3, 3), (4, 3), (5, 3), (6, 3)]


@pytest.fixture
def flow(fork: Grid) -> Flow:
    return find_flow(fork)


def links_of(flow: Flow) -> list[tuple[tuple[int, int], ...]]:
    return [link.cells for link in split_links(flow, {*WEST_ARM, *EAST_ARM, *STEM})]


def test_channels_split_where_two_arms_meet(flow: Flow) -> None:
    links = links_of(flow)
    assert sorted(links) == [tuple(WEST_ARM), tuple(EAST_ARM), tuple(STEM)]
    assert links[-1] == tuple(STEM)  # after both that drain to it


def test_both_ways_to_find_a_basin_agree(flow: Flow, fork: Grid) -> None:
    for outlet in fork.cells():
        upstream = set(trace_upstream(flow.donors(), outlet))
        assert upstream == {cell for cell, inside in label_basin(flow, outlet).items() if inside}
        assert len(upstream) == flow.area[outlet]


def test_topaz_names_hillslopes_by_the_side_of_the_channel(fork: Grid, flow: Flow) -> None:
    watershed = delineate_topaz(fork, flow, (6, 3), threshold=4, min_length=0)
    assert set(watershed.channels) == {*WEST_ARM, *EAST_ARM, *STEM}
    side = {cell: number % 10 for number, cells in watershed.hillslopes.items() for cell in cells}
    assert side[5, 2] == RIGHT  # the stem flows south: west is to its right
    assert side[5, 4] == LEFT
    assert side[0, 0] == TOP  # drains into the head of the western arm
    assert watershed.facts == {"links": 3, "pruned": 0, "hillslopes": len(watershed.hillslopes)}


def test_topaz_drops_sources_that_are_too_short_and_joins_what_they_met(fork: Grid, flow: Flow) -> None:
    links, pruned = prune_sources(fork, flow, {*WEST_ARM, (2, 4), *STEM}, min_length=20)
    assert pruned == 1  # the eastern arm, of one cell
    assert [link.cells for link in links] == [(*WEST_ARM, *STEM)]


def test_topaz_keeps_the_last_link_however_short(fork: Grid, flow: Flow) -> None:
    links, pruned = prune_sources(fork, flow, {*WEST_ARM, *EAST_ARM, *STEM}, min_length=1e6)
    assert (len(links), pruned) == (1, 1)  # an arm goes, and the other is one link with the stem


def test_wbt_snaps_the_pour_point_to_the_nearest_stream(fork: Grid, flow: Flow) -> None:
    assert snap_pour_point(fork, flow, set(STEM), (5, 5), snap=30) == (5, 3)
    with pytest.raises(ModelError, match=r"outlet \[5, 5\]: the nearest stream is 20 m away, farther than snap_m 10"):
        snap_pour_point(fork, flow, set(STEM), (5, 5), snap=10)


def test_wbt_makes_one_subbasin_of_each_link(fork: Grid, flow: Flow) -> None:
    watershed = delineate_wbt(fork, flow, (6, 3), threshold=4, snap=50)
    assert watershed.facts == {"links": 3, "strahler": 2, "hillslopes": 3}
    stem = max(watershed.hillslopes)
    assert {(5, 2), (5, 4), (6, 0)} <= set(watershed.hillslopes[stem])
    assert (0, 0) not in watershed.hillslopes[stem]


def test_order_rises_only_where_two_of_one_order_meet(flow: Flow) -> None:
    links = split_links(flow, {*WEST_ARM, *EAST_ARM, *STEM})
    assert sorted(strahler_orders(flow, links).values()) == [1, 1, 2]


def test_order_stays_where_a_lesser_link_joins() -> None:
    # Two sources meet at (1, 0), and a third joins what they make at (2, 0).
    receiver = {(0, 0): (1, 0), (0, 1): (1, 0), (1, 0): (2, 0), (1, 1): (2, 0), (2, 0): None}
    order = sort_downstream(receiver)
    flow = Flow(receiver, dict.fromkeys(order, 0.1), accumulate(receiver, order), order)
    links = split_links(flow, order)
    orders = {link.cells[0]: strahler_orders(flow, links)[number] for number, link in enumerate(links, 1)}
    assert orders == {(0, 0): 1, (0, 1): 1, (1, 1): 1, (1, 0): 2, (2, 0): 2}


@pytest.mark.parametrize("method", ["topaz", "wbt"])
@pytest.mark.parametrize("area_ha", [1, 3, 6])
def test_a_watershed_is_what_drains_to_its_outlet_each_cell_once(data: Path, method: str, area_ha: int) -> None:
    grid = fill_depressions(read_grid((data / "dem.asc").read_text()))
    flow = find_flow(grid)
    watershed = delineate(grid, flow, Delineation(method, area_ha=area_ha))
    assert watershed.cells == sorted(trace_upstream(flow.donors(), watershed.outlet))
    assert len(watershed.cells) == len(set(watershed.cells))
    assert Watershed.from_json(watershed.to_json()) == watershed


def test_the_two_methods_divide_the_same_land_differently(data: Path) -> None:
    grid = fill_depressions(read_grid((data / "dem.asc").read_text()))
    topaz, wbt = (delineate(grid, find_flow(grid), Delineation(method)) for method in ("topaz", "wbt"))
    assert topaz.outlet == wbt.outlet
    assert topaz.cells == wbt.cells
    assert set(topaz.hillslopes.values()) != set(wbt.hillslopes.values())


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Delineation("guess"), "method 'guess': expected one of topaz, wbt"),
        (Delineation(outlet=(9, 9)), r"outlet \[9, 9\]: no data there; the grid has 7 rows and 7 columns"),
        (Delineation(area_ha=1000), "no channel: at most .* cells gather, fewer than the source area of 100000"),
        (Delineation("wbt", area_ha=1000), "no channel"),
    ],
)
def test_says_what_cannot_be_delineated(fork: Grid, flow: Flow, wanted: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        delineate(fork, flow, wanted)

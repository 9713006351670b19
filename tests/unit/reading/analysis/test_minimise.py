"""Which profiles together run everything, at the least cost: compared with all subsets that there are."""

from __future__ import annotations

import random
from itertools import combinations, product
from typing import TYPE_CHECKING

import pytest

from profcov.reading.analysis import exact_cover
from profcov.reading.analysis.elements import Elements, JobLines, list_lines, list_symbols
from profcov.reading.analysis.exact_cover import MAX_ROWS, cover_exactly
from profcov.reading.analysis.index import SymbolIndex
from profcov.reading.analysis.matrix import build_matrix
from profcov.reading.analysis.minimise import draw_curve, list_alone, minimise, spend, unite_rows, weigh
from profcov.slug import Slug
from profcov.store.content import Content
from profcov.store.line_sets import to_bits
from profcov.store.read import Recorded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.unit.conftest import Tree

SOURCE = "def f(x):\n    if x:\n        return 1\n    return 2\n\n\ndef g():\n    return 3\n"


def elements(tree: Tree, **profiles: Sequence[int]) -> Elements:
    """Elements whose bits are the numbers of each profile."""
    tree.write("m.py", SOURCE)
    slugs = tuple(Slug(slug) for slug in sorted(profiles))
    rows = tuple(to_bits(profiles[slug]) for slug in slugs)
    return Elements("line", slugs, rows, SymbolIndex(tree.inventory()))


def recorded(tree: Tree, **profiles: Mapping[str, Sequence[int]]) -> list[Recorded]:
    """Artifacts: by slug, the lines of m.py under each context label."""
    tree.write("m.py", SOURCE)
    return [
        Recorded(Slug(slug), Content({(label, "m.py"): to_bits(lines) for label, lines in labels.items()}), None)
        for slug, labels in profiles.items()
    ]


def names(found: Sequence[object]) -> list[str]:
    return [str(each.slug) for each in found]  # type: ignore[attr-defined]


def seconds(**each: float) -> dict[Slug, float]:
    return {Slug(slug): value for slug, value in each.items()}


def test_a_profile_that_alone_runs_a_line_is_essential_and_its_margin_counts_these_lines(tree: Tree) -> None:
    of = elements(tree, a=[1, 2, 3], b=[3, 4], c=[1, 4])
    found = minimise(of, weigh(of.slugs, {}))
    assert [(each.slug, each.reason, each.margin) for each in found.kept] == [
        ("a", "essential", to_bits([1, 2])),
        ("b", "chosen", to_bits([4])),
    ]
    redundant = [(each.slug, [(share.slug, share.count) for share in each.covered_by]) for each in found.redundant]
    assert redundant == [("c", [("a", 1), ("b", 1)])]


def test_of_two_that_run_the_same_the_quicker_one_is_selected(tree: Tree) -> None:
    of = elements(tree, slow=[1, 2], quick=[1, 2])
    assert names(minimise(of, weigh(of.slugs, seconds(slow=9, quick=1))).kept) == ["quick"]
    assert names(minimise(of, weigh(of.slugs, seconds(slow=1, quick=9))).kept) == ["slow"]


def test_a_profile_to_keep_is_selected_though_another_runs_all_of_it(tree: Tree) -> None:
    of = elements(tree, big=[1, 2, 3], small=[1])
    found = minimise(of, weigh(of.slugs, {}), [Slug("small")])
    assert [(each.slug, each.reason) for each in found.kept] == [("big", "essential"), ("small", "asked")]
    assert found.kept[1].margin == 0


def test_without_seconds_each_counts_as_one_and_an_untimed_one_as_the_median_of_the_others(tree: Tree) -> None:
    slugs = [Slug(each) for each in ("a", "b", "c", "d")]
    assert (weigh(slugs, {}).each, weigh(slugs, {}).are_seconds) == ((1, 1, 1, 1), False)
    found = weigh(slugs, seconds(a=1, b=2, d=9))
    assert (found.each, found.are_seconds, found.unknown) == ((1, 2, 2, 9), True, ("c",))


def test_a_profile_that_runs_nothing_is_redundant_and_nobody_covers_it(tree: Tree) -> None:
    of = elements(tree, a=[1], nothing=[])
    assert [(each.slug, each.covered_by) for each in minimise(of, weigh(of.slugs, {})).redundant] == [("nothing", ())]


@pytest.mark.parametrize("seed", range(60))
def test_a_small_selection_costs_no_more_than_any_other_that_runs_everything(tree: Tree, seed: int) -> None:
    dice = random.Random(seed)
    slugs = [f"p{number}" for number in range(dice.randrange(1, 9))]
    of = elements(tree, **{slug: dice.sample(range(14), dice.randrange(0, 8)) for slug in slugs})
    costs = weigh(of.slugs, seconds(**{slug: dice.choice([1, 2, 3.5]) for slug in slugs}) if seed % 3 else {})
    keep = [Slug(dice.choice(slugs))] if seed % 4 == 0 else []
    found = minimise(of, costs, keep)
    assert found.is_least
    everything = unite_rows(of.rows)
    assert unite_rows(each.own for each in found.kept) == everything
    places = range(len(of.rows))
    asked = {place for place in places if of.slugs[place] in keep}
    least = min(
        (round(sum(costs.each[place] for place in subset), 6), len(subset))
        for size in range(len(of.rows) + 1)
        for subset in combinations(places, size)
        if asked <= set(subset) and unite_rows(of.rows[place] for place in subset) == everything
    )
    assert (round(sum(each.cost for each in found.kept), 6), len(found.kept)) == least
    for each in found.redundant:
        assert sum(share.count for share in each.covered_by) == each.own.bit_count()


def test_a_large_selection_runs_everything_and_none_of_it_is_in_vain(tree: Tree) -> None:
    dice = random.Random(1)
    of = elements(tree, **{f"p{number:03}": dice.sample(range(400), 60) for number in range(120)})
    found = minimise(of, weigh(of.slugs, {}))
    assert not found.is_least
    assert unite_rows(each.own for each in found.kept) == unite_rows(of.rows)
    assert all(each.margin for each in found.kept)


def ring(size: int) -> dict[int, int]:
    """Rows of two columns each, each shared with a neighbour."""
    return {number: 1 << number | 1 << (number + 1) % size for number in range(size)}


def test_a_case_with_too_many_rows_or_steps_is_not_solved_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    costs = [1.0] * (MAX_ROWS + 1)
    assert cover_exactly(ring(MAX_ROWS + 1), costs) is None
    found = cover_exactly(ring(MAX_ROWS), costs)
    assert found is not None
    assert len(found) == MAX_ROWS // 2
    monkeypatch.setattr(exact_cover, "MAX_STEPS", 10)
    assert cover_exactly(ring(MAX_ROWS), costs) is None


@pytest.mark.parametrize("seed", range(30))
def test_a_budget_buys_as_much_as_the_best_subset_that_fits(tree: Tree, seed: int) -> None:
    dice = random.Random(seed)
    slugs = [f"p{number}" for number in range(dice.randrange(1, 8))]
    of = elements(tree, **{slug: dice.sample(range(20), dice.randrange(0, 12)) for slug in slugs})
    costs = weigh(of.slugs, seconds(**{slug: dice.choice([1, 2, 4]) for slug in slugs}))
    found = spend(of, costs, 5)
    assert found.is_best
    assert sum(pick.cost for pick in found.inside) <= 5
    best = max(
        unite_rows(row for row, is_in in zip(of.rows, chosen, strict=True) if is_in).bit_count()
        for chosen in product([0, 1], repeat=len(slugs))
        if sum(cost for cost, is_in in zip(costs.each, chosen, strict=True) if is_in) <= 5
    )
    assert (found.inside[-1].total if found.inside else 0) == best
    assert {*names(found.inside), *names(found.outside)} == set(slugs)


def test_a_big_budget_problem_fills_the_budget_or_takes_the_one_that_adds_more(tree: Tree) -> None:
    many = {f"p{number:02}": [number] for number in range(20)}
    of = elements(tree, huge=range(100, 200), **many)
    costs = weigh(of.slugs, {Slug("huge"): 10.0, **dict.fromkeys(map(Slug, many), 0.05)})
    found = spend(of, costs, 10)
    assert not found.is_best
    assert names(found.inside) == ["huge"]
    assert len(spend(of, costs, 0.5).inside) == 10


def test_the_curve_adds_what_brings_most_for_its_seconds_first(tree: Tree) -> None:
    of = elements(tree, a=[1, 2, 3, 4], b=[5], c=[1, 2])
    curve = draw_curve(of, weigh(of.slugs, seconds(a=8, b=1, c=1)))
    assert [(pick.slug, pick.adds, pick.total, pick.total_cost) for pick in curve] == [
        ("c", 2, 2, 1),
        ("b", 1, 3, 2),
        ("a", 2, 5, 10),
    ]


def test_only_what_no_selected_profile_asserts_is_named(tree: Tree) -> None:
    of = elements(tree, a=[1, 2], b=[1], c=[2])
    found = minimise(of, weigh(of.slugs, {}))
    asserted = {Slug("a"): ["GET /: status 200"], Slug("b"): ["GET /: status 200", "GET /b: status 404"]}
    assert list_alone(asserted, found) == {"b": ["GET /b: status 404"]}


def test_lines_and_symbols_are_found_again_by_their_bits(tree: Tree) -> None:
    artifacts = recorded(tree, a={"": [2, 3]}, b={"": [2, 8]})
    matrix = build_matrix(tree.inventory(), artifacts)
    lines = list_lines(matrix)
    assert [(each.symbol.name, each.where) for each in lines.locate(lines.rows[1])] == [
        ("m:f", "m.py:2"),
        ("m:g", "m.py:8"),
    ]
    assert [each.line for each in lines.locate(lines.rows[0] & ~lines.rows[1])] == [3]
    symbols = list_symbols(matrix)
    assert [each.where for each in symbols.locate(symbols.rows[1] & ~symbols.rows[0])] == ["m.py:7-8"]


def test_a_line_counts_once_for_each_job_that_ran_it(tree: Tree) -> None:
    artifacts = recorded(
        tree,
        b={"profile:b": [2, 4], "profile:b|job:m.work": [2, 4]},
        a={"profile:a": [2, 4]},
    )
    jobs = JobLines(SymbolIndex(tree.inventory()))
    matrix = build_matrix(tree.inventory(), jobs.collect(artifacts))
    found = jobs.list_lines(matrix)
    assert jobs.has_jobs
    assert [row.bit_count() for row in found.rows] == [2, 4]
    alone = found.rows[1] & ~found.rows[0]
    assert [(each.line, each.job) for each in found.locate(alone)] == [(2, "m.work"), (4, "m.work")]

"""What profiles have in common, and what each has for itself, as sets of lines say it."""

from __future__ import annotations

import random
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest

from profcov.reading.analysis.matrix import build_matrix
from profcov.reading.analysis.overlap import (
    count_line_sets,
    cover_greedily,
    find_unique,
    list_sole_lines,
    nearest_twins,
    redundant_profiles,
)
from profcov.slug import Slug
from profcov.store.content import Content
from profcov.store.line_sets import to_bits
from profcov.store.read import Recorded

if TYPE_CHECKING:
    from tests.unit.conftest import Tree

    from profcov.reading.analysis.matrix import Matrix

ONE_LINE = "".join(f"def f{number}(): return 1\n" for number in range(6))
BRANCHES = (
    "def f(x):\n    if x:\n        return 1\n    y = [\n        2,\n    ]\n    return y\n\n\ndef g():\n    return 3\n"
)


def matrix(tree: Tree, text: str, **profiles: list[int]) -> Matrix:
    tree.write("m.py", text)
    recorded = [
        Recorded(Slug(slug), Content({("x", "m.py"): to_bits(lines)}), {"imported": []})
        for slug, lines in profiles.items()
    ]
    return build_matrix(tree.inventory(), recorded)


def test_a_profile_without_a_line_of_its_own_is_redundant_and_one_with_a_branch_of_its_own_is_not(tree: Tree) -> None:
    found = matrix(tree, BRANCHES, all_but_one=[2, 4, 7, 11], branch=[2, 3], little=[2, 5], none=[])
    unique = find_unique(found)
    assert {slug: each.lines for slug, each in unique.items()} == {
        "all_but_one": 2,
        "branch": 1,
        "little": 0,
        "none": 0,
    }
    names = {slug: list(found.index.names(each.symbols)) for slug, each in unique.items()}
    assert names == {"all_but_one": ["m:g"], "branch": [], "little": [], "none": []}
    assert redundant_profiles(unique) == ["little", "none"]
    sole = [(each.slug, each.symbol.name, each.lines, each.place) for each in list_sole_lines(found)]
    assert sole == [("all_but_one", "m:f", 1, 1), ("branch", "m:f", 1, 1), ("all_but_one", "m:g", 1, 2)]


def test_lines_of_no_body_are_their_modules(tree: Tree) -> None:
    text = "def f():\n    def inner():\n        return 1\n    return inner\n"
    found = list_sole_lines(matrix(tree, text, a=[2, 3, 4]))
    assert [(each.symbol.name, each.lines) for each in found] == [("m", 1), ("m:f", 1), ("m:f.<locals>.inner", 1)]


def test_the_nearest_twin_shares_most_of_the_lines_that_either_runs(tree: Tree) -> None:
    twins = nearest_twins(matrix(tree, ONE_LINE, a=[1, 2, 3], b=[1, 2], c=[5], d=[5, 6]))
    assert {slug: (twin.slug, round(twin.likeness, 3)) for slug, twin in twins.items()} == {
        "a": ("b", 0.667),
        "b": ("a", 0.667),
        "c": ("d", 0.5),
        "d": ("c", 0.5),
    }
    assert nearest_twins(matrix(tree, ONE_LINE, alone=[1])) == {}
    assert {twin.likeness for twin in nearest_twins(matrix(tree, ONE_LINE, a=[], b=[])).values()} == {1.0}


def test_greedy_cover_takes_what_adds_most_and_the_first_by_name_of_several(tree: Tree) -> None:
    found = cover_greedily(matrix(tree, ONE_LINE, d=[1], b=[1, 2], c=[2, 3], a=[1, 2, 3, 4], z=[6]))
    assert [(pick.slug, pick.adds, pick.total) for pick in found] == [
        ("a", 4, 4),
        ("z", 1, 5),
        ("b", 0, 5),
        ("c", 0, 5),
        ("d", 0, 5),
    ]


def cover_by_sets(sets: dict[str, set[Any]]) -> list[tuple[str, int, int]]:
    left, covered, picks = dict(sets), set[Any](), list[tuple[str, int, int]]()
    while left:
        best = min(left, key=lambda slug: (-len(left[slug] - covered), slug))
        adds = len(left[best] - covered)
        covered |= left.pop(best)
        picks.append((best, adds, len(covered)))
    return picks


@pytest.mark.parametrize("seed", range(40))
def test_all_of_it_is_what_sets_of_lines_say(tree: Tree, seed: int) -> None:
    dice = random.Random(seed)
    texts = {f"m{number}.py": BRANCHES * dice.randrange(1, 4) for number in range(dice.randrange(1, 4))}
    for name, text in texts.items():
        tree.write(name, text)
    inventory = tree.inventory()
    statements = [(each.file, line) for each in inventory.files for line in sorted(each.statements)]
    slugs = dice.sample([f"p{number}" for number in range(12)], dice.randrange(1, 9))
    pool = [dice.sample(statements, dice.randrange(len(statements))) for _ in range(3)]
    sets = {slug: {each for each in dice.choice(pool) if dice.random() < dice.choice([0.5, 0.9, 1])} for slug in slugs}
    recorded = []
    for slug, ran in sets.items():
        lines = {("x", file): to_bits(line for name, line in ran if name == file) for file in texts}
        recorded.append(Recorded(Slug(slug), Content(lines), {"imported": []}))
    found = build_matrix(inventory, recorded)
    runners = {each: tuple(slug for slug in sorted(slugs) if each in sets[slug]) for each in statements}
    own = {slug: {each for each, who in runners.items() if who == (slug,)} for slug in slugs}
    unique = find_unique(found)
    assert {slug: each.lines for slug, each in unique.items()} == {slug: len(own[slug]) for slug in slugs}
    for slug in redundant_profiles(unique):
        others = set().union(*(ran for other, ran in sets.items() if other != slug))
        assert sets[slug] <= others
    assert sum(each.lines for each in list_sole_lines(found)) == sum(map(len, own.values()))
    by_set = {
        tuple(slug for place, slug in enumerate(found.profiles) if profiles >> place & 1): count
        for profiles, count in count_line_sets(found).items()
    }
    assert by_set == {who: list(runners.values()).count(who) for who in runners.values() if who}
    assert [(pick.slug, pick.adds, pick.total) for pick in cover_greedily(found)] == cover_by_sets(sets)
    twins = nearest_twins(found)
    alike = {
        frozenset(pair): len(sets[pair[0]] & sets[pair[1]]) / (len(sets[pair[0]] | sets[pair[1]]) or 1)
        if sets[pair[0]] | sets[pair[1]]
        else 1.0
        for pair in combinations(slugs, 2)
    }
    for slug in slugs if len(slugs) > 1 else ():
        best = max(
            (value, [-ord(char) for char in other])
            for pair, value in alike.items()
            for other in pair - {slug}
            if slug in pair
        )
        assert twins[Slug(slug)].likeness == pytest.approx(best[0])
        assert alike[frozenset({slug, twins[Slug(slug)].slug})] == pytest.approx(best[0])

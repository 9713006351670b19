"""What profiles have in common."""

from __future__ import annotations

from profcov.analysis.matrix import build_matrix
from profcov.analysis.overlap import idle_profiles, nearest_twins, unique_symbols
from profcov.slug import Slug
from profcov.store.merge import Content, to_bits
from profcov.store.read import Recorded


def matrix(tree, **profiles: list[int]):
    tree.write("m.py", "".join(f"def f{number}(): return 1\n" for number in range(6)))
    recorded = [
        Recorded(Slug(slug), Content({("x", "m.py"): to_bits(lines)}), {"imported": []})
        for slug, lines in profiles.items()
    ]
    return build_matrix(tree.inventory(), recorded)


def test_a_symbol_of_one_profile_is_unique_and_a_profile_without_one_adds_nothing(tree):
    found = matrix(tree, a=[1, 2], b=[2, 3], c=[1, 3], d=[4], e=[])
    unique = unique_symbols(found)
    names = {slug: list(found.index.names(symbols)) for slug, symbols in unique.items()}
    assert names == {"a": [], "b": [], "c": [], "d": ["m:f3"], "e": []}
    assert idle_profiles(unique) == ["a", "b", "c", "e"]


def test_the_nearest_twin_shares_most_of_what_either_reaches(tree):
    twins = nearest_twins(matrix(tree, a=[1, 2, 3], b=[1, 2], c=[5], d=[5, 6]))
    assert {slug: (twin.slug, round(twin.likeness, 3)) for slug, twin in twins.items()} == {
        # The module is a symbol, too.
        "a": ("b", 0.75),
        "b": ("a", 0.75),
        "c": ("d", 0.667),
        "d": ("c", 0.667),
    }
    assert nearest_twins(matrix(tree, alone=[1])) == {}
    assert {twin.likeness for twin in nearest_twins(matrix(tree, a=[], b=[])).values()} == {1.0}

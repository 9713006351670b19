"""What the seeds stand for, and that the file of behaviours is about it."""

from __future__ import annotations

from collections import Counter

import pytest
from behaviours import RENEW, Behaviours, digest_of, digest_of_demo, read_behaviours
from mutation import KINDS, NO_APPLICATION, Demo, draw
from oracle import DEMO, FRESH, TUNING


@pytest.fixture(scope="module")
def demo() -> Demo:
    return Demo.read(DEMO)


@pytest.fixture(scope="module")
def behaviours(demo: Demo) -> Behaviours:
    found = read_behaviours(demo)
    assert found is not None, f"the demo has changed since its mutations were replayed: {RENEW}"
    return found


def test_behaviours_are_of_the_mutations_that_the_seeds_draw_on_this_python(demo: Demo, behaviours: Behaviours) -> None:
    other = [seed for seed in (*TUNING, *FRESH) if behaviours.differing(draw(demo, seed)) is None]
    assert not other, f"they were replayed as other mutations, or not at all: {RENEW}"


def test_fresh_seeds_are_many_of_many_kinds_and_none_of_them_was_used_for_tuning(demo: Demo) -> None:
    fresh = [draw(demo, seed) for seed in FRESH]
    assert len(fresh) >= 200
    assert len({mutation.kind for mutation in fresh}) >= 40
    assert len({digest_of(mutation) for mutation in fresh}) > 0.9 * len(fresh)
    assert not set(FRESH) & set(TUNING)


def test_mutations_have_every_extent_from_no_effect_to_all_profiles(behaviours: Behaviours) -> None:
    extents = Counter(len(behaviours.seeds[seed][1]) for seed in FRESH)
    assert len(behaviours.slugs) >= 7
    assert extents.keys() == set(range(len(behaviours.slugs) + 1))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_has_places_in_the_demo(demo: Demo, kind: str) -> None:
    where, make = next(KINDS[kind][1](demo))
    assert where
    assert all(path not in NO_APPLICATION for path in make())


def test_behaviours_of_another_demo_do_not_count(demo: Demo) -> None:
    other = Demo({**demo.files, "jobs.py": b""}, demo.sources)
    assert digest_of_demo(other) != digest_of_demo(demo)
    assert read_behaviours(other) is None
    assert digest_of_demo(Demo({**demo.files, "run.py": b""}, demo.sources)) == digest_of_demo(demo)

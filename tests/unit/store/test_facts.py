"""Facts that are not ours are found before anything is done with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from profcov.errors import CoverageReadError
from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.facts import is_number
from profcov.store.layout import list_shards
from profcov.store.read import read_lines
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from pathlib import Path


DEMO = Slug("demo")


def write(data: Path, lines: dict[str, set[int]], label: str = "profile:demo", **facts: Any) -> Path:
    return write_shard(DataDirectory(data), DEMO, label, lines, facts=facts)


@pytest.mark.parametrize(
    "facts",
    [
        *({"sources": 7}, {"imported": "x"}, {"lost": "many"}, {"written": None}, {"written": 1e300}),
        *({"written": float("nan")}, {"imported": [{}]}, {"sources": {"/src/b.py": []}}),
        *({"ran_outside": {"/src/b.py": None}}, {"ran_outside": {"/src/b.py": ["x"]}}, {"settings": {"paths": [1]}}),
        *({"settings": {"plugin_options": ["x"]}}, {"settings": {"plugin_options": {"x": 1}}}),
        *({"settings": {"source": 7}}, {"settings": {"omit": [7]}}, {"settings": {"root": 7}}),
    ],
    ids=str,
)
def test_a_shard_whose_facts_are_not_ours_is_set_apart(data: Path, facts: dict[str, Any]) -> None:
    write(data, {"/src/a.py": {1}})
    write(data, {"/src/b.py": {1}}, **facts)
    made = combine(DataDirectory(data), DEMO)
    assert (read_lines(made.path), made.reasons) == ({"/src/a.py": {1}}, ("shard-unreadable",))


@pytest.mark.parametrize(
    ("key", "value"),
    [("died", [{"pid": 1}]), ("shards", "2"), ("job_ids", [1]), ("hosts", 5), ("impossible_lines", {"/src/a.py": 3})],
)
def test_a_sidecar_with_wrong_values_is_not_added_to(data: Path, key: str, value: object) -> None:
    write(data, {"/src/a.py": {1}})
    sidecar = combine(DataDirectory(data), DEMO).sidecar
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), key: value}))
    write(data, {"/src/a.py": {2}})
    with pytest.raises(CoverageReadError, match=f"values in it are not what they should be: {key}"):
        combine(DataDirectory(data), DEMO, append=True)
    assert len(list_shards(data, DEMO)) == 1


def test_a_number_is_one_that_a_float_can_be() -> None:
    assert all(map(is_number, (0, -1.5, 10**300)))
    assert not any(map(is_number, (10**400, float("inf"), float("-inf"), float("nan"), "1", None)))

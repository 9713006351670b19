"""Shards are dropped all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.read import read_lines
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from pathlib import Path


DEMO = Slug("demo")


def write(data: Path, lines: dict[str, set[int]], label: str = "profile:demo", **facts: Any) -> Path:
    return write_shard(DataDirectory(data), DEMO, label, lines, facts=facts)


@pytest.mark.parametrize(("generation", "found"), [("1", {2}), ("2", {1, 2}), ("x", {1, 2})])
def test_shards_on_a_list_go_once_their_generation_is_over(data: Path, generation: str, found: set[int]) -> None:
    write(data, {"/src/a.py": {9}})
    combine(DataDirectory(data), DEMO)  # the generation is 1
    listed = write(data, {"/src/a.py": {1}})
    write(data, {"/src/a.py": {2}})
    (data / "state" / "demo.dropping").write_text(f"{generation}\n{listed.name}\nother.coverage.host.1.2\n")
    assert read_lines(combine(DataDirectory(data), DEMO).path) == {"/src/a.py": found}
    assert not (data / "state" / "demo.dropping").exists()

"""Slugs that were traced although nothing that is measured ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from profcov.slug import Slug
from profcov.store import unmeasured
from profcov.store.content import read_content
from profcov.store.directory import DataDirectory
from profcov.store.shard import write_shard
from profcov.store.survey import survey

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The shards that are read whole."""
    found: list[Path] = []
    monkeypatch.setattr(unmeasured, "read_content", lambda path: (found.append(path), read_content(path))[1])
    return found


def write(data: Path, slug: str, *lines: int) -> Path:
    return write_shard(DataDirectory(data), Slug(slug), f"profile:{slug}", {"/src/a.py": set(lines)} if lines else {})


def test_shards_are_read_only_where_none_has_a_line_and_somebody_asks(data: Path, read: list[Path]) -> None:
    empty = write(data, "empty")
    write(data, "late")
    for slug in ("demo", "late"):
        write(data, slug, 1)
    assert [each.unmeasured for each in survey(data)] == [None] * 3
    assert read == []
    said = {each.slug: each.unmeasured for each in survey(data, looks_for_lines=True)}
    assert said == {"demo": None, "late": None, "empty": "traced, but no measured file ran: is `source` right?"}
    assert set(read) - {*(data / "state/shards").glob("late.*")} == {empty}


def test_a_shard_that_cannot_be_read_says_nothing_of_its_slug(data: Path) -> None:
    write(data, "demo").write_bytes(b"damaged")
    assert survey(data, looks_for_lines=True)[0].unmeasured is None


def test_a_shard_with_branches_only_has_lines(data: Path) -> None:
    write_shard(DataDirectory(data), Slug("demo"), "profile:demo", {"/src/a.py": {(1, 2)}}, branch=True)
    assert survey(data, looks_for_lines=True)[0].unmeasured is None

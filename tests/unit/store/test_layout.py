from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shards import new_shard_path

from profcov.slug import Slug, parse_slug
from profcov.store import layout

if TYPE_CHECKING:
    from collections.abc import Callable

SLUGS = st.from_regex(r"\A(?!.*\.coverage)[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z", fullmatch=True)
TRICKY = st.sampled_from([".", "-", "_", "json", "lock", "previous", "host", "1", "a", ".coverag", "e", "coverage"])
TRICKY_SLUGS = st.lists(TRICKY, max_size=8).map(lambda parts: "s" + "".join(parts)).filter(
    lambda text: ".coverage" not in text
)  # fmt: skip
MAKERS: list[Callable[[Path, Slug], Path]] = [
    layout.artifact_path,
    layout.lock_path,
    new_shard_path,
    lambda where, slug: layout.sidecar_path(layout.artifact_path(where, slug)),
    lambda where, slug: layout.previous_path(layout.artifact_path(where, slug)),
]


@given(SLUGS | TRICKY_SLUGS)
def test_every_file_of_a_slug_is_in_the_data_directory(text: str) -> None:
    data = Path("/data/here")
    for make in MAKERS:
        path = make(data, parse_slug(text))
        assert Path(os.path.normpath(path)) == path
        assert path.parent in {data, *(data / "state" / each for each in ("", "shards", "previous"))}
        assert len(os.fsencode(path.name)) <= 255


@given(SLUGS | TRICKY_SLUGS, SLUGS | TRICKY_SLUGS)
def test_no_file_of_one_slug_can_be_taken_for_anothers(one: str, other: str) -> None:
    if one == other:
        return
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory)
        shard = new_shard_path(data, parse_slug(one))
        for path in (*(make(data, parse_slug(one)) for make in MAKERS), shard):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        assert layout.list_shards(data, parse_slug(other)) == []
        assert shard in layout.list_shards(data, parse_slug(one))
        assert len(layout.list_shards(data, parse_slug(one))) == 2  # of all, those that are shards
        assert layout.list_slugs(data) == [one]
        others = {make(data, parse_slug(other)) for make in MAKERS}
        assert others.isdisjoint(data.rglob("*"))


@pytest.mark.parametrize("name", ["web-1.example.org", "münchen", "", "...", "a" * 300, "host\n", "x/y", "-"])
def test_whatever_the_host_is_called_its_shards_are_found(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: name)
    shard = new_shard_path(tmp_path, Slug("demo"))
    shard.parent.mkdir(parents=True)
    shard.touch()
    assert shard.parent == layout.shards_dir(tmp_path)
    assert layout.list_shards(tmp_path, Slug("demo")) == [shard]


def test_two_shards_of_one_process_have_two_names(tmp_path: Path) -> None:
    assert len({new_shard_path(tmp_path, Slug("demo")) for _ in range(100)}) == 100


def test_files_that_are_no_shards_are_left_alone(tmp_path: Path) -> None:
    strangers = [
        *("demo.coverage", "demo.profile.json", "demo.coverage.previous", "demo.lock", "demo.coverage.bak"),
        *("demo.coverage.host.1", "demo.coverage.host.one.2", "demo.coverage.host.1.2.3", "demo.coverage.h.st.1.2"),
        *(".demo.coverage.host.1.2.unfinished", "demo.coverage.host.1.2-journal", "demo.coverage.host.1.2\n"),
        *("demo.coverage..1.2", "demo.coverage.host.\u0661.2", "demo-2.coverage.host.1.2", "xdemo.coverage.host.1.2"),
    ]
    shards = layout.shards_dir(tmp_path)
    shards.mkdir(parents=True)
    for name in strangers:
        (shards / name).touch()
    (tmp_path / "demo.coverage.host.1.2").touch()
    assert layout.list_shards(tmp_path, Slug("demo")) == []


def test_a_directory_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert layout.list_shards(tmp_path / "nowhere", Slug("demo")) == []
    assert layout.list_slugs(tmp_path / "nowhere") == []


def test_slugs_are_those_with_a_shard_or_an_artifact(tmp_path: Path) -> None:
    layout.shards_dir(tmp_path).mkdir(parents=True)
    for name in ("b.coverage", "d.profile.json", "-e.coverage", "f.coverage.previous", "g.coverage.host.1.2"):
        (tmp_path / name).touch()
    for name in ("c.lock", "shards/a.coverage.host.1.2", "shards/h.coverage", "shards/i.coverage.host"):
        (layout.state_dir(tmp_path) / name).touch()
    assert layout.list_slugs(tmp_path) == ["a", "b"]

"""What a directory holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from at_work import kill

from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.layout import list_shards
from profcov.store.shard import write_shard
from profcov.store.survey import survey

if TYPE_CHECKING:
    from pathlib import Path

    from at_work import StartUnits


DEMO, OTHER = Slug("demo"), Slug("other")


def test_a_survey_tells_what_a_directory_holds(tmp_path: Path, start_units: StartUnits) -> None:
    assert survey(tmp_path / "nowhere") == []
    for slug in (DEMO, OTHER):
        write_shard(DataDirectory(tmp_path), slug, f"profile:{slug}", {"/src/a.py": {1}})
    combine(DataDirectory(tmp_path), DEMO)
    process = start_units("third")
    demo, other, third = survey(tmp_path)
    assert (demo.slug, len(demo.shards), demo.status, demo.holders) == ("demo", 0, "complete", [])
    assert (other.slug, len(other.shards), other.status, other.artifact) == ("other", 1, None, None)
    assert (third.slug, third.shards, [each.pid for each in third.holders]) == ("third", [], [process.pid])
    assert demo.artifact_bytes >= (tmp_path / "demo.coverage").stat().st_size
    assert other.shard_bytes == list_shards(tmp_path, OTHER)[0].stat().st_size
    kill(process)

"""What a sidecar has of how its artifact was made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
from at_work import begin

from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.shard import write_shard
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


DEMO = Slug("demo")


def write(data: Path, lines: dict[str, set[int]], label: str = "profile:demo", **facts: Any) -> Path:
    return write_shard(DataDirectory(data), DEMO, label, lines, facts=facts)


def test_sidecars_are_as_their_schema_says(tmp_path: Path, data: Path, request: pytest.FixtureRequest) -> None:
    schema = json.loads((request.config.rootpath / "docs/reference/sidecar.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    source = tmp_path / "a.py"
    source.touch()
    write(data, {str(source): {1}, "/nowhere.py": {2}}, sources={str(source): "1" * 64}, written=5.5)
    write(data, {str(source): {1}}, sources={str(source): "2" * 64})
    begin(data, DEMO)[0].abandon()
    write(data, {}).write_text("no shard")
    made = combine(DataDirectory(data), DEMO, jobs={"1": "queued"})
    assert set(made.reasons) == {"jobs-unfinished", "process-died", "shard-unreadable", "source-changed"}
    jsonschema.validate(read_sidecar(made.path), schema)
    write(data, {str(source): {1}})
    jsonschema.validate(read_sidecar(combine(DataDirectory(data), DEMO).path), schema)
    begin(data, DEMO)[0].abandon()
    empty = read_sidecar(combine(DataDirectory(data), DEMO).path)
    assert (empty["shards"], empty["reasons"]) == (0, ["process-died"])
    jsonschema.validate(empty, schema)


def test_lines_that_were_given_up_make_an_artifact_partial(data: Path) -> None:
    write(data, {"/src/a.py": {1}}, lost=2)
    assert combine(DataDirectory(data), DEMO).reasons == ("lines-unwritten",)

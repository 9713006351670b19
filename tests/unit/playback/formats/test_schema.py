"""The schema that editors have says what the reader says."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from profcov.errors import ProfileFormatError
from profcov.playback.formats import reader, request, save
from profcov.playback.formats.document import read_document
from profcov.playback.formats.schema import profile_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[4]
PROFILES = [*ROOT.glob("src/profcov/demo/profiles/*.yaml"), *ROOT.glob("examples/*/scenarios/*.yaml")]
SCHEMA = json.loads((ROOT / "docs/reference/profile.schema.json").read_text())
VALIDATOR = Draft7Validator(SCHEMA)

ALL_KEYS = {
    "slug": "us-small",
    "description": "one line",
    "base_url": "http://127.0.0.1:8000",
    "variables": {"name": "palouse", "password": {"env": "PASSWORD"}},
    "steps": [
        {
            "name": "create",
            "request": {"method": "POST", "path": "/runs", "json": {"a": 1}, "query": {"a": 1, "b": ["x"]}},
            "expect": {
                "status": [200],
                "json": {"a": 1},
                "jmespath": {"a": 1},
                "headers": {"X-A": "b"},
                "text": "a",
                "duration": 1,
            },
            "save": {
                "a": "id",
                "b": {"json": "id", "match": "(a)"},
                "c": {"header": "X-A", "match": "(a)"},
                "d": {"cookie": "c"},
                "e": {"html": "h"},
                "f": {"text": "(a)"},
                "g": {"anywhere": "(a)"},
            },
            "wait": {"path": "/jobs", "until": "a", "fail": "b", "timeout": 1, "interval": 1},
        },
        {
            "name": "form",
            "request": {
                "path": "/form",
                "form": {"a": "b", "c": ["d"]},
                "files": {
                    "f": "file",
                    "g": {"path": "file", "name": "n", "type": "t"},
                    "h": ["file", {"path": "file"}],
                },
                "headers": {"X-A": "b"},
            },
            "expect": {"status": 200},
            "wait": {"jobs": True, "path": "/jobs/{job_id}", "timeout": 1},
        },
        {"name": "raw", "request": {"path": "/raw", "data": "x"}},
        {"name": "file", "request": {"path": "/raw", "data": {"path": "file"}}, "wait": {"until": "a"}},
    ],
}
WRONG: tuple[Any, ...] = (None, "", 7, True, [], {}, [[]], {"nonsense": 1})
ONLY_THE_READER_KNOWS = "('steps', 0, 'wait', 'path') gone"
"""That a POST is not sent again."""


def is_read(folder: Path, document: object) -> bool:
    faults: list[ProfileFormatError] = []
    try:
        reader._read_profile(folder / "a.yaml", document, {}, faults)
    except ProfileFormatError:
        return False
    return not faults


def is_valid(document: object) -> bool:
    return bool(VALIDATOR.is_valid(document))


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each value in a document."""
    yield way
    for key, item in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ()):
        yield from places(item, (*way, key))


def changed(way: tuple[Any, ...], value: object) -> Any:
    """Return the document with another value at a place."""
    document = copy.deepcopy(ALL_KEYS)
    if not way:
        return value
    part: Any = document
    for key in way[:-1]:
        part = part[key]
    part[way[-1]] = value
    return document


def without(way: tuple[Any, ...]) -> Any:
    document = copy.deepcopy(ALL_KEYS)
    part: Any = document
    for key in way[:-1]:
        part = part[key]
    del part[way[-1]]
    return document


def test_what_is_in_the_reference_is_what_the_command_prints() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert profile_schema() == SCHEMA, "renew it with: profcov profiles schema > docs/reference/profile.schema.json"


def test_every_table_of_the_reader_is_in_the_schema_and_the_other_way() -> None:
    tables = {
        name: frozenset(keys)
        for module in (reader, request, save)
        for name, keys in vars(module).items()
        if name.endswith("_KEYS")
    }
    assert tables.pop("JOBS_WAIT_KEYS") < tables["WAIT_KEYS"]
    found: set[frozenset[str]] = set()

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if value.get("additionalProperties") is False:
                found.add(frozenset(value["properties"]))
            for item in value.values():
                look(item)
        elif isinstance(value, list):
            for item in value:
                look(item)

    look(SCHEMA)
    assert found == set(tables.values())


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.name)
def test_the_profiles_of_this_repository_are_valid(path: Path) -> None:
    assert list(VALIDATOR.iter_errors(read_document(path))) == []


def test_a_wrong_value_or_a_missing_one_is_refused_by_both_or_by_neither(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("1")
    assert is_read(tmp_path, ALL_KEYS)
    assert is_valid(ALL_KEYS)
    ways = list(places(ALL_KEYS))
    documents = {f"{way} = {value!r}": changed(way, value) for way in ways for value in WRONG}
    documents |= {f"{way} gone": without(way) for way in ways if way}
    documents |= {f"{way}.nonsense": changed((*way, "nonsense"), "file") for way in ways if isinstance(at(way), dict)}
    differ = {
        name: (read, valid)
        for name, document in documents.items()
        if (read := is_read(tmp_path, document)) is not (valid := is_valid(document))
    }
    assert differ == {ONLY_THE_READER_KNOWS: (False, True)}


def at(way: tuple[Any, ...]) -> Any:
    part: Any = ALL_KEYS
    for key in way:
        part = part[key]
    return part


@pytest.mark.parametrize(
    "request_",
    [{"json": 1, "data": "x"}, {"json": 1, "form": {}}, {"json": 1, "files": {}}, {"data": "x", "files": {}}],
)
def test_two_bodies_are_refused_by_both(tmp_path: Path, request_: dict[str, Any]) -> None:
    document = changed(("steps", 0, "request"), {"method": "POST", "path": "/", **request_})
    assert (is_read(tmp_path, document), is_valid(document)) == (False, False)

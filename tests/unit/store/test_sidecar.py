from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from profcov.errors import CoverageReadError, CoverageWriteError
from profcov.store.files import file_digest
from profcov.store.sidecar import read_sidecar, write_sidecar

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_written_is_read_back_and_nothing_else_is_left(tmp_path: Path) -> None:
    artifact = tmp_path / "demo.coverage"
    facts = {"schema_version": 1, "slug": "demo", "text": "naïve", "source_root": os.fsdecode(b"/caf\xe9")}
    assert write_sidecar(artifact, facts) == tmp_path / "demo.profile.json"
    assert read_sidecar(artifact) == facts
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["demo.profile.json"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b"[]", "it is not a sidecar of schema version 1"),
        (b'{"schema_version": 99}', "it is not a sidecar of schema version 1"),
    ],
)
def test_a_file_that_is_no_sidecar_is_one_clear_error(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "demo.profile.json").write_bytes(content)
    with pytest.raises(CoverageReadError, match=rf"cannot read .*demo\.profile\.json: {problem}"):
        read_sidecar(tmp_path / "demo.coverage")


def test_a_missing_sidecar_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CoverageReadError, match="No such file"):
        read_sidecar(tmp_path / "demo.coverage")


def test_a_sidecar_that_cannot_be_written_is_one_clear_error_and_the_old_one_stays(tmp_path: Path) -> None:
    (tmp_path / "demo.profile.json").mkdir()
    with pytest.raises(CoverageWriteError, match=r"cannot write .*demo\.profile\.json"):
        write_sidecar(tmp_path / "demo.coverage", {})
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["demo.profile.json"]


def test_the_digest_of_a_file_that_is_not_there_is_null(tmp_path: Path) -> None:
    assert file_digest(tmp_path / "nowhere") is None
    assert file_digest(tmp_path) is None

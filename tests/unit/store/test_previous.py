"""The artifact that is there: added to, kept, brought back."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from at_work import begin

from profcov.errors import CoverageReadError
from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.jobs import JobRun, enqueued
from profcov.store.layout import list_shards
from profcov.store.previous import restore_previous
from profcov.store.read import read_lines
from profcov.store.shard import write_shard
from profcov.store.sidecar import check_artifact, read_sidecar

if TYPE_CHECKING:
    from pathlib import Path


DEMO = Slug("demo")


def write(data: Path, lines: dict[str, set[int]], label: str = "profile:demo", **facts: Any) -> Path:
    return write_shard(DataDirectory(data), DEMO, label, lines, facts=facts)


def test_kept_shards_that_are_appended_are_counted_once(data: Path) -> None:
    attempt = JobRun("1", "pkg.work", "high")
    first = {**attempt.end("retried"), "seconds": 1.5}
    write(data, {"/src/a.py": {1}}, jobs=[enqueued("1", "pkg.work", "high", None), first])
    begin(data, DEMO, "2")[0].abandon()
    for append, keep in ((False, True), (True, True), (True, True)):
        counted = read_sidecar(combine(DataDirectory(data), DEMO, append=append, keep=keep).path)
        assert [counted[key] for key in ("shards", "kept_shards")] == [1, [list_shards(data, DEMO)[0].name]]
        assert [each["pid"] for each in counted["died"]] == [os.getpid()]
        found = [(each["id"], each["status"], each["attempts"], each["seconds"]) for each in counted["jobs"]]
        assert found == [("1", "retried", 1, 1.5), ("2", "killed", 1, None)]
    second = {**first, "started": first["started"] + 5, "status": "finished"}
    write(data, {"/src/a.py": {2}}, jobs=[{**first, "status": "failed", "seconds": 2}, second])
    last = read_sidecar(combine(DataDirectory(data), DEMO, append=True).path)
    found = [(each["id"], each["status"], each["attempts"], each["seconds"]) for each in last["jobs"]]
    assert found == [("1", "finished", 2, 3.0), ("2", "killed", 1, None)]
    assert (last["shards"], last["kept_shards"], len(last["died"])) == (2, [], 1)
    write(data, {"/src/a.py": {2}}, jobs=[{**second, "started": second["started"] + 5}])
    (job, _) = read_sidecar(combine(DataDirectory(data), DEMO, append=True).path)["jobs"]
    assert (job["attempts"], job["seconds"]) == (3, 4.5)


def test_append_keeps_what_is_in_the_artifact(tmp_path: Path, data: Path) -> None:
    write(data, {"/src/a.py": {1}}, sources={"/src/a.py": "1" * 64})
    combine(DataDirectory(data), DEMO, jobs={"job-1": "queued"})
    write(data, {"/src/b.py": {2}})
    made = combine(DataDirectory(data), DEMO, jobs={"job-2": "queued"}, append=True)
    assert read_lines(made.path) == {"/src/a.py": {1}, "/src/b.py": {2}}
    facts = read_sidecar(made.path)
    assert [each["status"] for each in facts["jobs"]] == ["queued", "queued"]
    assert (facts["shards"], facts["job_ids"], facts["reasons"]) == (2, ["job-1", "job-2"], ["jobs-unfinished"])
    write(data, {"/src/a.py": {9}}, sources={"/src/a.py": "2" * 64}, written=1.0)
    changed = combine(DataDirectory(data), DEMO, jobs={"job-1": "finished", "job-2": "canceled"}, append=True)
    assert read_lines(changed.path) == {"/src/a.py": {9}, "/src/b.py": {2}}
    assert changed.reasons == ("source-changed",)  # the jobs have ended since


def test_an_artifact_with_another_checksum_is_refused_and_the_one_before_comes_back(data: Path) -> None:
    write(data, {"/src/a.py": {1}})
    combine(DataDirectory(data), DEMO)
    write(data, {"/src/a.py": {2}})
    made = combine(DataDirectory(data), DEMO)
    check_artifact(made.path)
    with closing(sqlite3.connect(made.path)) as connection:
        connection.execute("DELETE FROM line_bits")
        connection.commit()
    with pytest.raises(CoverageReadError, match=r"checksum .*restore-previous demo` brings the one before back"):
        check_artifact(made.path)
    write(data, {"/src/a.py": {3}})
    with pytest.raises(CoverageReadError, match="checksum"):
        combine(DataDirectory(data), DEMO, append=True)
    restore_previous(DataDirectory(data), DEMO)
    check_artifact(made.path)
    assert read_lines(made.path) == {"/src/a.py": {1}}
    assert (data / "state" / "quarantine" / "demo.coverage").exists()
    with pytest.raises(CoverageReadError, match="there is no artifact before the last one"):
        restore_previous(DataDirectory(data), DEMO)
    assert read_lines(combine(DataDirectory(data), DEMO, append=True).path) == {"/src/a.py": {1, 3}}


def test_what_is_added_to_an_artifact_without_a_sidecar_says_so(data: Path) -> None:
    write(data, {"/src/a.py": {1}})
    combine(DataDirectory(data), DEMO, reasons=["playback-failed"]).sidecar.unlink()
    write(data, {"/src/a.py": {2}})
    made = combine(DataDirectory(data), DEMO, append=True)
    assert (read_lines(made.path), made.reasons) == ({"/src/a.py": {1, 2}}, ("history-unknown",))

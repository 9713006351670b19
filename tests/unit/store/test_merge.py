from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import coverage
import pytest
from at_work import begin

from profcov.errors import CoverageMergeError
from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.content import read_content
from profcov.store.directory import DataDirectory
from profcov.store.files import file_digest
from profcov.store.layout import list_shards
from profcov.store.lock import exclusive
from profcov.store.merge import read_shards
from profcov.store.read import read_lines
from profcov.store.shard import write_shard
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from pathlib import Path

DEMO = Slug("demo")


def write(data: Path, lines: dict[str, set[int]], label: str = "profile:demo", **facts: Any) -> Path:
    return write_shard(DataDirectory(data), DEMO, label, lines, facts=facts)


@pytest.mark.parametrize("branch", [False, True])
def test_a_shard_is_what_coverage_py_itself_would_have_written(tmp_path: Path, data: Path, branch: bool) -> None:
    executed: dict[str, set[Any]] = {"/src/a.py": {1, 2, 700}, "/src/ü.py": {3}}
    if branch:
        executed = {"/src/a.py": {(1, 2), (2, -1)}, "/src/ü.py": {(-1, 5)}}
    shard = write_shard(DataDirectory(data), DEMO, "profile:demo", executed, branch=branch)
    theirs = coverage.CoverageData(basename=str(tmp_path / "theirs"))
    theirs.set_context("profile:demo")
    theirs.add_arcs(executed) if branch else theirs.add_lines(executed)
    theirs.write()
    ours = coverage.CoverageData(basename=str(shard))
    ours.read()
    assert ours.has_arcs() == theirs.has_arcs() == branch
    assert ours.measured_files() == theirs.measured_files()
    assert ours.measured_contexts() == theirs.measured_contexts()
    for file in executed:
        assert sorted(ours.lines(file) or ()) == sorted(theirs.lines(file) or ())
        assert sorted(ours.arcs(file) or ()) == sorted(theirs.arcs(file) or ())
        assert ours.contexts_by_lineno(file) == theirs.contexts_by_lineno(file)
    schema = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
    tables = []
    for path in (shard, tmp_path / "theirs"):
        with closing(sqlite3.connect(path)) as connection:
            tables.append(connection.execute(schema).fetchall())
    assert tables[0] == tables[1]


@pytest.mark.parametrize("branch", [False, True])
def test_merging_is_what_coverage_py_merges(tmp_path: Path, data: Path, branch: bool) -> None:
    rng = random.Random(7)
    for number in range(40):
        files = {f"/src/{rng.randrange(12)}.py": set(rng.sample(range(1, 400), 30)) for _ in range(5)}
        executed: dict[str, set[Any]] = files
        if branch:
            executed = {file: {(line, line + 1) for line in lines} for file, lines in files.items()}
        write_shard(DataDirectory(data), DEMO, f"profile:demo|{number % 3}", executed, branch=branch)
    tool = coverage.Coverage(data_file=str(tmp_path / "theirs"), config_file=False, messages=False)
    tool.combine(data_paths=[str(path) for path in list_shards(data, DEMO)], keep=True)
    tool.save()
    ours, theirs = read_content(combine(DataDirectory(data), DEMO).path), read_content(tmp_path / "theirs")
    assert (ours.lines, ours.arcs, ours.files) == (theirs.lines, theirs.arcs, theirs.files)
    assert len(ours.arcs if branch else ours.lines) > 30


@pytest.mark.parametrize("size", [0, 1, 100, 4096, 9000, 12_000])
def test_a_shard_that_was_cut_is_set_apart(data: Path, size: int) -> None:
    write(data, {"/src/a.py": {1}})
    cut = write(data, {"/src/a.py": {2}})
    os.truncate(cut, size)
    gathered = read_shards(list_shards(data, DEMO))
    assert [path for path, _ in gathered.unreadable] == [cut]
    assert combine(DataDirectory(data), DEMO).reasons == ("shard-unreadable",)
    assert (data / "state" / "quarantine" / cut.name).exists()


def test_lines_of_two_versions_of_a_source_are_not_mixed(tmp_path: Path, data: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("new\n" * 7)
    new, old = str(file_digest(source)), "0" * 64
    write(data, {str(source): {1, 2}, "/src/b.py": {5}}, sources={str(source): old}, written=2.0)
    write(data, {str(source): {7}}, sources={str(source): new}, written=1.0)
    made = combine(DataDirectory(data), DEMO)
    assert read_lines(made.path) == {"/src/b.py": {5}, str(source): {7}}
    facts = read_sidecar(made.path)
    assert facts["reasons"] == ["source-changed"]
    assert facts["changed_sources"] == {str(source): sorted([old, new])}
    assert facts["sources"][str(source)] == new


def test_where_no_version_is_on_disk_the_last_one_stays(data: Path) -> None:
    versions = {"1" * 64: 10.0, "2" * 64: 30.0, "3" * 64: 20.0}
    for line, (digest, written) in enumerate(versions.items(), 1):
        write(data, {"/src/a.py": {line}}, sources={"/src/a.py": digest}, written=written)
    made = combine(DataDirectory(data), DEMO)
    assert read_lines(made.path) == {"/src/a.py": {2}}
    assert read_sidecar(made.path)["sources"] == {"/src/a.py": "2" * 64}


def test_lines_of_no_known_version_do_not_take_the_place_of_those_of_one(data: Path) -> None:
    write(data, {"/src/a.py": {1}}, sources={"/src/a.py": "1" * 64}, written=1.0)
    write(data, {"/src/a.py": {2}}, sources={"/src/a.py": "unknown"}, written=2.0)
    made = combine(DataDirectory(data), DEMO)
    assert (read_lines(made.path), made.reasons) == ({"/src/a.py": {1}}, ("source-changed",))
    assert made.changed == {"/src/a.py": ["1" * 64, "unknown"]}


def test_keep_leaves_the_shards_to_be_combined_again(data: Path) -> None:
    write(data, {"/src/a.py": {1}})
    first = combine(DataDirectory(data), DEMO, keep=True)
    assert len(list_shards(data, DEMO)) == 1
    write(data, {"/src/a.py": {2}})
    second = combine(DataDirectory(data), DEMO)
    assert read_lines(second.path) == {"/src/a.py": {1, 2}}
    assert (first.shards, second.shards, list_shards(data, DEMO)) == (1, 2, [])
    assert read_sidecar(second.path)["generation"] == 1


def test_branches_and_lines_are_one_clear_error(data: Path) -> None:
    write(data, {"/src/a.py": {1}})
    write_shard(DataDirectory(data), DEMO, "profile:demo", {"/src/a.py": {(1, 2)}}, branch=True)
    with pytest.raises(CoverageMergeError, match="some of its shards have branches"):
        combine(DataDirectory(data), DEMO)
    assert len(list_shards(data, DEMO)) == 2


def test_a_damaged_shard_stays_a_reason_for_as_long_as_the_shards_are_kept(data: Path) -> None:
    write(data, {"/src/a.py": {1}})
    write(data, {"/src/b.py": {1}}).write_bytes(b"damaged")
    for keep in (True, True, False):
        assert combine(DataDirectory(data), DEMO, keep=keep).reasons == ("shard-unreadable",)


def test_where_no_shard_can_be_read_processes_write_again(data: Path) -> None:
    with exclusive(DataDirectory(data), DEMO, 0) as lock:
        before = lock.generation
    write(data, {"/src/a.py": {1}}).write_bytes(b"damaged")
    with pytest.raises(CoverageMergeError, match="none of its 1 shards can be read"):
        combine(DataDirectory(data), DEMO)
    with exclusive(DataDirectory(data), DEMO, 0) as lock:
        assert lock.generation != before


def test_of_a_profile_that_has_only_left_a_note_there_is_an_empty_artifact_that_says_so(
    tmp_path: Path, data: Path
) -> None:
    begin(data, DEMO)[0].abandon()
    made = combine(DataDirectory(data), DEMO)
    assert (read_lines(made.path), made.shards, made.reasons) == ({}, 0, ("process-died",))
    (died,) = read_sidecar(made.path)["died"]
    assert died["pid"] == os.getpid()
    with pytest.raises(CoverageMergeError, match="no shard of it"):
        combine(DataDirectory(data), DEMO)
    done = subprocess.run(
        [sys.executable, "-m", "coverage", "report", f"--data-file={made.path}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "No data to report.\n")

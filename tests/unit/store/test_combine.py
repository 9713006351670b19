from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import platform
import shutil
import sqlite3
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import coverage
import pytest
from shards import new_shard_path

from profcov import __version__
from profcov.errors import CoverageMergeError, CoverageWriteError, LockTimeoutError
from profcov.slug import Slug
from profcov.store.clean import discard, remove
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.layout import list_shards, lock_path
from profcov.store.lock import exclusive
from profcov.store.read import read_lines
from profcov.store.shard import write_shard
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

DEMO = Slug("demo")
OTHER = Slug("demo-2")


def generation(data: Path) -> int:
    with exclusive(DataDirectory(data), DEMO, 0) as lock:
        return lock.generation


def write(data_dir: Path, lines: dict[str, set[int]], slug: Slug = DEMO) -> Path:
    return write_shard(DataDirectory(data_dir), slug, f"profile:{slug}", lines)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.rglob("*")} - {".gitignore", "CACHEDIR.TAG", "state", "shards"}


def test_shards_become_one_artifact_and_are_gone(data: Path) -> None:
    write(data, {"/src/a.py": {1, 2}})
    write(data, {"/src/a.py": {2, 3}, "/src/b.py": {9}})
    made = combine(DataDirectory(data), DEMO)
    assert read_lines(made.path) == {"/src/a.py": {1, 2, 3}, "/src/b.py": {9}}
    assert (made.slug, made.files, made.shards, made.complete, made.reasons) == (DEMO, 2, 2, True, ())
    assert names(data) == {"demo.coverage", "demo.profile.json", "demo.lock"}


def test_the_shards_and_the_artifact_of_another_slug_stay_as_they_are(data: Path) -> None:
    other = write(data, {"/src/a.py": {7}}, OTHER)
    write(data, {"/src/a.py": {1}})
    combine(DataDirectory(data), DEMO)
    assert list_shards(data, OTHER) == [other]
    assert read_lines(other) == {"/src/a.py": {7}}


def test_the_artifact_before_is_kept(data: Path) -> None:
    for line in (1, 2, 3):
        write(data, {"/src/a.py": {line}})
        made = combine(DataDirectory(data), DEMO)
    assert read_lines(made.path) == {"/src/a.py": {3}}
    assert read_lines(made.path.parent / "state" / "previous" / "demo.coverage") == {"/src/a.py": {2}}


def test_the_artifact_and_its_sidecar_are_their_owners_only(data: Path) -> None:
    before = os.umask(0)
    try:
        write(data, {"/src/a.py": {1}})
        made = combine(DataDirectory(data), DEMO)
    finally:
        os.umask(before)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.sidecar.stat().st_mode) == 0o600


def test_another_directory_can_take_the_artifact(data: Path, tmp_path: Path) -> None:
    write(data, {"/src/a.py": {1}})
    made = combine(DataDirectory(data, 0o007), DEMO, out=tmp_path / "deep" / "out")
    assert made.path == tmp_path / "deep" / "out" / "demo.coverage"
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (made.path.parent, made.path, made.sidecar)]
    assert modes == [0o770, 0o660, 0o660]
    assert names(tmp_path / "deep" / "out") == {"demo.coverage", "demo.profile.json"}
    assert list_shards(data, DEMO) == []


def test_the_sidecar_says_what_the_artifact_is_made_of(data: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("x = 1\n")
    config = tmp_path / "measured.ini"
    config.write_text("[run]\ninclude = *.py\n")
    write(data, {str(source): {1}, "/gone.py": {1}})
    write_shard(DataDirectory(data), DEMO, "profile:other", {str(source): {1}})
    made = combine(DataDirectory(data), DEMO, config_file=config)
    facts = read_sidecar(made.path)
    assert facts["sha256"] == hashlib.sha256(made.path.read_bytes()).hexdigest()
    assert facts["sources"] == {str(source): hashlib.sha256(source.read_bytes()).hexdigest(), "/gone.py": None}
    assert facts["versions"] == {
        "profcov": __version__,
        "coverage": coverage.__version__,
        "python": platform.python_version(),
    }
    assert (facts["slug"], facts["status"], facts["reasons"]) == ("demo", "complete", [])
    assert (facts["shards"], facts["pids"], len(facts["hosts"])) == (2, [os.getpid()], 1)
    assert facts["contexts"] == ["profile:demo", "profile:other"]
    assert facts["generation"] == 1
    assert facts["settings"]["config_file"] == str(config)
    assert facts["settings"]["include"] == ["*.py"]


@pytest.mark.parametrize(
    "content",
    [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 4000],
    ids=["empty", "rubbish", "torn"],
)
def test_a_shard_that_cannot_be_read_is_set_aside_with_the_reason_and_the_artifact_is_partial(
    data: Path, content: bytes
) -> None:
    write(data, {"/src/a.py": {1}})
    bad = new_shard_path(data, DEMO)
    bad.write_bytes(content)
    made = combine(DataDirectory(data), DEMO)
    assert read_lines(made.path) == {"/src/a.py": {1}}
    assert (made.complete, made.reasons) == (False, ("shard-unreadable",))
    facts = read_sidecar(made.path)
    assert (facts["status"], facts["reasons"]) == ("partial", ["shard-unreadable"])
    assert (data / "state" / "quarantine" / bad.name).read_bytes() == content
    assert "not a coverage.py data file" in (data / "state" / "quarantine" / f"{bad.name}.reason").read_text()
    assert list_shards(data, DEMO) == []


def test_a_truncated_shard_is_set_aside_too(data: Path) -> None:
    write(data, {"/src/a.py": {1}})
    torn = write(data, {f"/src/{number}.py": set(range(1, 500)) for number in range(40)})
    os.truncate(torn, torn.stat().st_size // 2)
    made = combine(DataDirectory(data), DEMO)
    assert read_lines(made.path) == {"/src/a.py": {1}}
    assert not made.complete
    assert (data / "state" / "quarantine" / torn.name).exists()


def test_another_programs_database_is_set_aside_and_not_changed(data: Path) -> None:
    write(data, {"/src/a.py": {1}})
    foreign = new_shard_path(data, DEMO)
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    before = foreign.read_bytes()
    combine(DataDirectory(data), DEMO)
    assert (data / "state" / "quarantine" / foreign.name).read_bytes() == before


def test_when_no_shard_can_be_read_there_is_no_artifact(data: Path) -> None:
    write(data, {"/src/a.py": {1}}).write_bytes(b"rubbish")
    with pytest.raises(CoverageMergeError, match="cannot combine demo: none of its 1 shards can be read"):
        combine(DataDirectory(data), DEMO)
    assert {name.partition(".coverage")[0] for name in names(data)} == {"demo.lock", "quarantine", "demo"}
    assert not (data / "demo.coverage").exists()


def test_nothing_to_combine_is_one_clear_sentence_and_leaves_the_artifact_alone(data: Path) -> None:
    write(data, {"/src/a.py": {1}})
    made = combine(DataDirectory(data), DEMO)
    before = made.path.read_bytes(), made.sidecar.read_bytes()
    with pytest.raises(CoverageMergeError, match=r"no shard of it is in .*: was it played against"):
        combine(DataDirectory(data), DEMO)
    assert (made.path.read_bytes(), made.sidecar.read_bytes()) == before


@pytest.mark.parametrize("tiny", [512], indirect=True)
def test_on_a_full_disk_each_writer_says_one_sentence_and_nothing_is_lost(tiny: Path) -> None:
    shards = [write(tiny, {f"/src/{number}.py": set(range(1, 400))}) for number in range(2)]
    with (tiny / "fill").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(512))
    said, made = [], None
    while made is None:
        try:
            made = combine(DataDirectory(tiny), DEMO)
        except (CoverageWriteError, CoverageMergeError) as error:
            said.append(str(error))
            assert list_shards(tiny, DEMO) == sorted(shards)
            assert not list(tiny.glob(".unfinished*"))
            os.truncate(tiny / "fill", (tiny / "fill").stat().st_size - 8192)
    assert (made.shards, made.complete) == (2, True)
    assert sum(map(len, read_lines(made.path).values())) == 798
    assert len(said) >= 3
    assert all("\n" not in each and ("full" in each or "No space" in each) for each in said), said


def test_for_a_slug_that_was_never_recorded_no_lock_is_made(data: Path) -> None:
    write(data, {"/src/a.py": {1}})
    with pytest.raises(CoverageMergeError, match="no shard of it"):
        combine(DataDirectory(data), OTHER)
    assert not lock_path(data, OTHER).exists()


def test_a_directory_that_is_not_there_is_not_made(data: Path) -> None:
    with pytest.raises(CoverageMergeError, match="there is no directory"):
        combine(DataDirectory(data), DEMO)
    assert not data.exists()


def test_reasons_that_the_caller_knows_of_make_it_partial(data: Path) -> None:
    write(data, {"/src/a.py": {1}})
    made = combine(DataDirectory(data), DEMO, reasons=["jobs-running", "jobs-running"])
    assert (made.complete, made.reasons) == (False, ("jobs-running",))


def test_paths_of_the_configuration_bring_two_machines_together(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "measured.ini"
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").touch()  # coverage.py maps to files that exist
    config.write_text(f"[paths]\nsource =\n    {tmp_path}/src\n    /app/*/src\n")
    write(data, {f"{tmp_path}/src/a.py": {1}, "/app/web/src/a.py": {2}, "/app/job/src/a.py": {3}})
    assert read_lines(combine(DataDirectory(data), DEMO, config_file=config).path) == {
        f"{tmp_path}/src/a.py": {1, 2, 3}
    }


def test_a_coverage_configuration_in_the_current_directory_changes_no_file_of_ours(data: Path, tmp_path: Path) -> None:
    (tmp_path / ".coveragerc").write_text("[run]\nparallel = true\ndata_file = elsewhere\n")
    write(data, {"/src/a.py": {1}})
    made = combine(DataDirectory(data), DEMO)
    assert read_lines(made.path) == {"/src/a.py": {1}}
    assert {path.name for path in tmp_path.iterdir()} == {".coveragerc", "data"}


def test_a_bad_configuration_is_one_clear_error_and_nothing_is_lost(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "measured.ini"
    config.write_text("[run\n")
    shard = write(data, {"/src/a.py": {1}})
    with pytest.raises(CoverageMergeError, match="cannot combine demo: "):
        combine(DataDirectory(data), DEMO, config_file=config)
    assert names(data) == {"demo.lock", shard.name}


def test_lines_and_branches_do_not_mix_and_nothing_is_lost(data: Path) -> None:
    shards = {
        write(data, {"/src/a.py": {1}}),
        write_shard(DataDirectory(data), DEMO, "c", {"/src/a.py": {(1, 2)}}, branch=True),
    }
    with pytest.raises(CoverageMergeError, match=r"cannot combine demo: .*branch"):
        combine(DataDirectory(data), DEMO)
    assert names(data) == {"demo.lock", *(shard.name for shard in shards)}


def test_an_artifact_that_cannot_be_written_is_one_clear_error_and_nothing_is_lost(data: Path, tmp_path: Path) -> None:
    shard = write(data, {"/src/a.py": {1}})
    (tmp_path / "file").touch()
    with pytest.raises(CoverageWriteError, match=r"cannot write .*demo.coverage"):
        combine(DataDirectory(data), DEMO, out=tmp_path / "file")
    assert names(data) == {"demo.lock", shard.name}


def test_while_work_is_in_flight_it_waits_then_names_the_process_and_changes_nothing(
    data: Path, tmp_path: Path, worker: subprocess.Popen[str]
) -> None:
    shard = write(tmp_path, {"/src/a.py": {1}})
    with pytest.raises(LockTimeoutError, match=f"process {worker.pid}"):
        combine(DataDirectory(tmp_path), DEMO, timeout=0.05)
    with pytest.raises(LockTimeoutError, match=f"process {worker.pid}"):
        discard(DataDirectory(tmp_path), DEMO, timeout=0)
    assert list_shards(tmp_path, DEMO) == [shard]
    worker.kill()
    worker.wait()
    assert combine(DataDirectory(tmp_path), DEMO, timeout=5).shards == 1


def test_it_moves_the_generation_so_that_processes_write_everything_again(data: Path) -> None:
    write(data, {"/src/a.py": {1}})
    found = [generation(data)]
    combine(DataDirectory(data), DEMO)
    found.append(generation(data))
    discard(DataDirectory(data), DEMO)
    assert [*found, generation(data)] == [0, 1, 2]


def test_discarding_drops_the_shards_and_leaves_the_artifact(data: Path) -> None:
    write(data, {"/src/a.py": {1}})
    made = combine(DataDirectory(data), DEMO)
    for line in (2, 3):
        write(data, {"/src/a.py": {line}})
    other = write(data, {"/src/a.py": {1}}, OTHER)
    assert discard(DataDirectory(data), DEMO) == 2
    assert list_shards(data, DEMO) == []
    assert list_shards(data, OTHER) == [other]
    assert read_lines(made.path) == {"/src/a.py": {1}}
    assert discard(DataDirectory(data), DEMO) == 0


def test_at_every_moment_there_is_an_artifact(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(data, {"/src/a.py": {1}})
    artifact = combine(DataDirectory(data), DEMO).path
    lines = []
    for name in ("replace", "unlink", "chmod"):
        real = getattr(Path, name)

        def look(path: Path, *args: object, real: Callable[..., object] = real, **kwargs: object) -> object:
            answer = real(path, *args, **kwargs)
            lines.append(read_lines(artifact)["/src/a.py"])
            return answer

        monkeypatch.setattr(Path, name, look)
    write(data, {"/src/a.py": {2}})
    combine(DataDirectory(data), DEMO)
    assert len(lines) >= 3
    assert lines == sorted(lines, key=max)
    assert (lines[0], lines[-1]) == ({1}, {2})


def test_a_file_system_without_hard_links_will_do(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("this file system has no hard links")

    monkeypatch.setattr(os, "link", refuse)
    for line in (1, 2):
        write(data, {"/src/a.py": {line}})
        made = combine(DataDirectory(data), DEMO)
    assert read_lines(made.path) == {"/src/a.py": {2}}
    assert read_lines(made.path.parent / "state" / "previous" / "demo.coverage") == {"/src/a.py": {1}}


def test_a_combine_that_was_killed_leaves_nothing_in_the_way(data: Path) -> None:
    write(data, {"/src/a.py": {1}})
    (data / f".unfinished.demo.{os.getpid()}").write_bytes(b"rubbish of a process that had our number")
    assert read_lines(combine(DataDirectory(data), DEMO).path) == {"/src/a.py": {1}}


@pytest.mark.parametrize("end", [combine, discard, remove])
def test_what_killed_processes_have_left_unfinished_goes_and_nothing_of_another_slug(
    data: Path, end: Callable[..., object]
) -> None:
    write(data, {"/src/a.py": {1}})
    left = {
        f"{name}{behind}"
        for name in ("state/shards/demo.coverage.host.1.2.unfinished", ".unfinished.demo.17")
        for behind in ("", "-journal", "-wal", ".plain", ".named", ".named-journal")
    }
    others = {
        *(f"state/shards/{slug}.coverage.host.1.2.unfinished" for slug in ("demo.17", "xdemo")),
        *(f".unfinished.{name}" for name in ("demo2.17", "demo-x.1", "demo.17.18", "demo.notes")),
    }
    for name in left | others:
        (data / name).touch()
    end(DataDirectory(data), DEMO)
    there = {path.relative_to(data).as_posix() for path in data.rglob("*")}
    assert not left & there
    assert others <= there


def test_coverage_pys_own_report_reads_the_artifact(data: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("x = 1\ny = 2\n")
    write(data, {str(source): {1}})
    tool = coverage.Coverage(data_file=str(combine(DataDirectory(data), DEMO).path), config_file=False, messages=False)
    tool.load()
    assert tool.report(file=io.StringIO()) == 50.0
    tool.json_report(outfile=str(tmp_path / "report.json"))
    (file,) = json.loads((tmp_path / "report.json").read_text())["files"].values()
    assert (file["executed_lines"], file["missing_lines"]) == ([1], [2])


def test_a_copy_of_the_data_directory_combines_to_the_same_lines(data: Path, tmp_path: Path) -> None:
    write(data, {"/src/a.py": {1, 5}})
    shutil.copytree(data, tmp_path / "copy")
    assert read_lines(combine(DataDirectory(data), DEMO).path) == read_lines(
        combine(DataDirectory(tmp_path / "copy"), DEMO).path
    )

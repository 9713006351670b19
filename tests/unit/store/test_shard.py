from __future__ import annotations

import ctypes
import os
import sqlite3
import stat
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coverage
import pytest
import seen

from profcov.errors import CoverageWriteError
from profcov.slug import Slug
from profcov.store import shard as shard_module
from profcov.store.directory import DataDirectory
from profcov.store.layout import list_shards
from profcov.store.read import read_lines
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from collections.abc import Callable

DEMO = Slug("demo")
LINES = {"/src/a.py": {1, 2, 300}, "/src/b.py": {7}}


def test_a_shard_is_a_data_file_of_coverage_pys_own(tmp_path: Path) -> None:
    shard = write_shard(DataDirectory(tmp_path), DEMO, "profile:demo", LINES)
    data = coverage.CoverageData(basename=str(shard))
    data.read()
    assert {file: set(data.lines(file) or ()) for file in data.measured_files()} == LINES
    assert data.measured_contexts() == {"profile:demo"}
    assert not data.has_arcs()
    seen.close(data)


def test_a_shard_holds_nothing_of_those_before_it_however_large_or_broken(tmp_path: Path) -> None:
    many = {f"/src/{number}.py": set(range(1, 999, 3)) for number in range(300)}
    large = write_shard(DataDirectory(tmp_path), DEMO, "profile:large", many)
    with pytest.raises(CoverageWriteError, match="surrogates not allowed"):  # refused in the middle of the rows
        write_shard(DataDirectory(tmp_path), DEMO, "profile:broken", {"/src/c.py": {1}, "/src/\udc80.py": {1}})
    small = write_shard(DataDirectory(tmp_path), DEMO, "profile:demo", LINES)
    assert small.stat().st_size < large.stat().st_size
    for shard, lines in ((large, many), (small, LINES)):
        assert read_lines(shard) == lines
        with closing(sqlite3.connect(shard)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_an_sqlite_that_does_not_give_its_bytes_makes_the_same_shard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = write_shard(DataDirectory(tmp_path), DEMO, "profile:demo", LINES)
    with closing(OldConnection(shard_module._tables[0])) as tables:
        monkeypatch.setattr(shard_module, "_tables", [tables])
        old = write_shard(DataDirectory(tmp_path), DEMO, "profile:demo", LINES)
    assert list_rows(old) == list_rows(usual)


class OldConnection(sqlite3.Connection):
    """A connection as Python has it where SQLite is older than 3.36."""

    serialize = property()

    def __init__(self, source: sqlite3.Connection | str, **options: Any) -> None:
        super().__init__(source if isinstance(source, str) else ":memory:", **options)
        if not isinstance(source, str):
            source.backup(self)


class TracedConnection:
    """What New Relic, ddtrace and OpenTelemetry put in the place of a connection: it has the methods, and is none."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._connection = sqlite3.Connection(*args, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def __enter__(self) -> Any:
        return self._connection.__enter__()

    def __exit__(self, *exc_info: object) -> Any:
        leave: Any = self._connection.__exit__
        return leave(*exc_info)


def test_a_shard_is_written_where_another_tool_has_replaced_sqlite3_connect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patches:
        patches.setattr(sqlite3, "connect", TracedConnection)
        patches.setattr(shard_module, "_tables", made := list[Any]())
        shard = write_shard(DataDirectory(tmp_path), DEMO, "profile:demo", LINES)
        made.pop().close()
    assert read_lines(shard) == LINES


def list_rows(shard: Path) -> list[str]:
    with closing(sqlite3.connect(shard)) as connection:
        return list(connection.iterdump())


def test_a_shard_can_be_listed_and_nothing_else_is_left(tmp_path: Path) -> None:
    shards = [write_shard(DataDirectory(tmp_path), DEMO, "profile:demo", LINES) for _ in range(3)]
    assert list_shards(tmp_path, DEMO) == sorted(shards)
    assert sorted((tmp_path / "state" / "shards").iterdir()) == sorted(shards)


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        shard = write_shard(DataDirectory(tmp_path / "data"), DEMO, "profile:demo", LINES)
    finally:
        os.umask(before)
    assert stat.S_IMODE(shard.stat().st_mode) == 0o600
    assert stat.S_IMODE(shard.parent.stat().st_mode) == 0o700


def test_a_directory_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CoverageWriteError, match=r"cannot write .*demo\.coverage\..*: .*Not a directory"):
        write_shard(DataDirectory(tmp_path / "file" / "data"), DEMO, "profile:demo", LINES)


def count_open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def say_why_not(data_dir: Path, lines: dict[str, set[int]]) -> str:
    try:
        write_shard(DataDirectory(data_dir), DEMO, "profile:demo", lines)
    except CoverageWriteError as error:
        return str(error)  # and keep nothing: pytest.raises would keep the traceback, and with it the open file
    return ""


def test_a_full_disk_is_one_clear_error_and_leaves_nothing_behind(tiny: Path) -> None:
    many = {f"/src/{number}.py": set(range(1, 2000, 2)) for number in range(300)}
    before = count_open_files()
    for _ in range(3):
        assert "full" in say_why_not(tiny, many)
    assert not list((tiny / "state" / "shards").iterdir())
    assert count_open_files() <= before  # or nobody could unmount it; fewer, if others were collected meanwhile


def test_an_open_shard_is_closed_again(run_python: Callable[..., Any]) -> None:
    before, after = run_python(
        """
        import gc, json, os
        from pathlib import Path
        from profcov.store.shard import write_shard
        from profcov.store.directory import DataDirectory
        gc.disable()
        write_shard(DataDirectory(Path("data")), "demo", "profile:demo", {"/src/a.py": {1}})
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            write_shard(DataDirectory(Path("data")), "demo", "profile:demo", {"/src/a.py": {1}})
        print(json.dumps([before, len(os.listdir("/proc/self/fd"))]))
        """
    )
    assert after == before


def note_created(directory: Path, work: Callable[[], object]) -> set[str]:
    """Return the names of the files that are made in a directory while something is done there."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    try:
        assert libc.inotify_add_watch(watch, os.fsencode(directory), 0x100) > 0  # IN_CREATE
        work()
        events = os.read(watch, 65536)
    finally:
        os.close(watch)
    names = set()
    while events:
        (length,) = struct.unpack_from("I", events, 12)
        names.add(os.fsdecode(events[16 : 16 + length].rstrip(b"\0")))
        events = events[16 + length :]
    return names


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
@pytest.mark.parametrize("has_serialize", [True, False])
def test_no_journal_is_ever_there_that_a_kill_could_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_serialize: bool
) -> None:
    monkeypatch.setattr(shard_module, "_tables", [])
    DataDirectory(tmp_path).make_state("shards")
    shards = tmp_path / "state" / "shards"
    names = note_created(shards, lambda: write_shard(DataDirectory(tmp_path), DEMO, "profile:demo", LINES))
    with closing(OldConnection(shard_module._tables[0])) as old, closing(shard_module._tables[0]):
        if not has_serialize:
            monkeypatch.setattr(shard_module, "_tables", [old])
            names |= note_created(shards, lambda: write_shard(DataDirectory(tmp_path), DEMO, "profile:demo", LINES))
    assert len(names) == 1 + (not has_serialize)
    assert all(name.endswith(".unfinished") for name in names), names


WRITER = """
import sys
from contextlib import closing
from pathlib import Path
from profcov.store.shard import write_shard
from profcov.store.directory import DataDirectory
lines = {f"/src/{number}.py": set(range(1, 400)) for number in range(60)}
while True:
    write_shard(DataDirectory(Path(sys.argv[1])), "demo", "profile:demo", lines)
    print("written", flush=True)
"""


def test_a_reader_never_sees_half_a_shard_and_a_kill_leaves_none(tmp_path: Path) -> None:
    whole = {f"/src/{number}.py": set(range(1, 400)) for number in range(60)}
    unfinished = 0
    for attempt in range(4):
        data = tmp_path / str(attempt)
        words = [sys.executable, "-c", WRITER, str(data)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            seen: set[Path] = set()
            while len(seen) < 3 or not list(data.rglob("*.unfinished")):  # kill it in the middle of writing
                for shard in set(list_shards(data, DEMO)) - seen:
                    assert read_lines(shard) == whole
                    seen.add(shard)
            writer.kill()
        unfinished += len(list(data.rglob("*.unfinished")))
        for shard in list_shards(data, DEMO):
            assert read_lines(shard) == whole
    assert unfinished, "no writer was killed in the middle of writing"

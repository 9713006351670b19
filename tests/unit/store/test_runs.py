from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from profcov.settings import RUN
from profcov.store.directory import DataDirectory
from profcov.store.runs import RUNS, forget, list_silent, note_loaded, note_start

if TYPE_CHECKING:
    from pathlib import Path


def test_a_command_is_listed_until_a_process_of_it_has_loaded_profcov(tmp_path: Path) -> None:
    note = note_start(DataDirectory(tmp_path), ["gunicorn", "app:app"])
    (run,) = list_silent(tmp_path)
    assert (run.command, run.pid, run.is_over) == ("gunicorn app:app", os.getpid(), False)
    assert "`gunicorn app:app`" in str(run)
    assert "which runs), and nothing of it is traced: no Python of it has looked" in str(run)
    assert run.path.stat().st_mode & 0o777 == 0o600
    note_loaded({})
    assert list_silent(tmp_path) == [run]
    note_loaded({RUN: str(note)})
    note_loaded({RUN: str(note)})
    assert list_silent(tmp_path) == []


def test_the_same_command_started_anew_takes_the_place_of_the_first(tmp_path: Path) -> None:
    note = note_start(DataDirectory(tmp_path), ["rq", "worker"])
    note.with_name(f"{note.name}.started").rename(note.with_name(f"{note.name.replace(str(os.getpid()), '1')}.reached"))
    note_start(DataDirectory(tmp_path), ["rq", "worker", "--burst"])
    note_start(DataDirectory(tmp_path), ["rq", "worker"])
    assert [(run.command, run.pid) for run in list_silent(tmp_path)] == [
        ("rq worker --burst", os.getpid()),
        ("rq worker", os.getpid()),
    ]


def test_a_process_that_has_ended_and_another_hosts_are_over(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as ended:
        pass
    note = note_start(DataDirectory(tmp_path), ["app"])
    path = note.with_name(f"{note.name}.started")
    facts = json.loads(path.read_text())
    for change in ({"pid": ended.pid}, {"host": "another"}):
        path.write_text(json.dumps(facts | change))
        (run,) = list_silent(tmp_path)
        assert run.is_over
        assert "which has ended)" in str(run)
    forget(run)
    assert list_silent(tmp_path) == []


def test_a_long_command_is_cut_and_what_is_no_note_is_passed_over(tmp_path: Path) -> None:
    note_start(DataDirectory(tmp_path), ["python", "-c", "x" * 5000, "\udcff"])
    for name, content in (("a.started", "{}"), ("b.reached", ""), ("c.txt", "{}"), ("d.started", "[1]\nno")):
        (tmp_path / "state" / RUNS / name).write_text(content)
    (tmp_path / "state" / RUNS / "e.started").mkdir()
    (run,) = list_silent(tmp_path)
    assert len(run.command) == 200
    assert run.command.endswith("xxx...")


def test_a_directory_that_cannot_be_written_keeps_no_command_from_starting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert note_start(DataDirectory(tmp_path / "file" / "data"), ["app"]).parent.name == RUNS
    assert list_silent(tmp_path / "file" / "data") == []
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / RUNS).symlink_to(tmp_path / "elsewhere")
    note_start(DataDirectory(tmp_path), ["app"])
    assert not (tmp_path / "elsewhere").exists()

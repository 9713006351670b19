"""Who is at work, who died at it, and what is missing, as readers see it."""

from __future__ import annotations

import fcntl
import time
from typing import TYPE_CHECKING

import pytest
from at_work import kill

from profcov.slug import Slug
from profcov.store.directory import DataDirectory
from profcov.store.holders import forget_failed, list_failed, list_holders
from profcov.store.presence import PROCESSES, Presence

if TYPE_CHECKING:
    from pathlib import Path

    from at_work import StartUnits


DEMO, OTHER = Slug("demo"), Slug("other")


def start_unit(presence: Presence, slug: Slug) -> list[tuple[int, object]]:
    begun: list[tuple[int, object]] = []
    presence.begin(slug, into=begun)
    return begun


def files(data: Path) -> list[str]:
    return [path.name for path in (data / "state" / PROCESSES).iterdir() if not path.name.startswith(".")]


def test_who_is_at_work_is_listed_with_host_pid_and_since_when(tmp_path: Path, start_units: StartUnits) -> None:
    before = int(time.time())
    process = start_units("demo", "other")
    held = list_holders(tmp_path)
    assert [(each.slug, each.pid, each.is_alive) for each in held] == [
        ("demo", process.pid, True),
        ("other", process.pid, True),
    ]
    assert all(before <= each.since <= time.time() for each in held)
    kill(process)
    assert [(each.slug, each.is_alive) for each in list_holders(tmp_path)] == [("demo", False), ("other", False)]


def test_the_dead_are_reported_once_and_their_file_goes_with_the_last_slug(
    tmp_path: Path, start_units: StartUnits
) -> None:
    kill(start_units("demo", "other"))
    assert [(each.slug, each.is_alive) for each in list_failed(tmp_path, DEMO)] == [("demo", False)]
    forget_failed(tmp_path, list_failed(tmp_path, DEMO))
    assert list_failed(tmp_path, DEMO) == []
    assert len(list_failed(tmp_path, OTHER)) == len(files(tmp_path)) == 1
    forget_failed(tmp_path, list_failed(tmp_path, OTHER))
    assert files(tmp_path) == []


def test_the_note_of_an_older_profcov_which_has_no_job_is_understood(tmp_path: Path) -> None:
    (tmp_path / "state" / PROCESSES).mkdir(parents=True)
    rows = (f"{since:14.3f} {slug}".ljust(115) + "\n" for since, slug in ((5.0, "demo"), (0.0, "idle"), (7.0, "other")))
    (tmp_path / "state" / PROCESSES / "host.12.34").write_text("".join(rows))
    assert [(each.slug, each.since, each.job) for each in list_holders(tmp_path)] == [("demo", 5, ""), ("other", 7, "")]
    forget_failed(tmp_path, list_failed(tmp_path, OTHER))
    assert [each.slug for each in list_holders(tmp_path)] == ["demo"]
    forget_failed(tmp_path, list_failed(tmp_path, DEMO))
    assert files(tmp_path) == []


def test_what_is_no_file_of_a_process_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "state" / PROCESSES).mkdir(parents=True)
    (tmp_path / "state" / PROCESSES / "notes.txt").write_text("mine")
    (tmp_path / "state" / PROCESSES / "host.12.34").write_bytes(b"\xff" * 300)
    (tmp_path / "state" / PROCESSES / "host.12.35").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "state" / PROCESSES / "host.12.36").mkdir()
    assert list_holders(tmp_path) == []
    forget_failed(tmp_path, list_failed(tmp_path, DEMO))
    assert (tmp_path / "state" / PROCESSES / "notes.txt").read_text() == "mine"
    (tmp_path / "linked" / "state").mkdir(parents=True)
    (tmp_path / "linked" / "state" / PROCESSES).symlink_to(tmp_path / "state" / PROCESSES)
    presence = Presence(DataDirectory(tmp_path / "linked"))
    with pytest.raises(OSError, match="symbolic link"):
        start_unit(presence, DEMO)


def test_several_readers_at_once_see_who_is_dead(tmp_path: Path, start_units: StartUnits) -> None:
    kill(start_units("demo"))
    (path,) = [path for path in (tmp_path / "state" / PROCESSES).iterdir() if not path.name.startswith(".")]
    with path.open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert [each.is_alive for each in list_holders(tmp_path)] == [False]

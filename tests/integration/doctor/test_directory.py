"""What the doctor says of the data directory: places where nothing can be written, and what others left there."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from shards import new_shard_path

from profcov.slug import parse_slug
from profcov.store.directory import DataDirectory
from profcov.store.layout import lock_path
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.doctor.conftest import Report

HOLD = """
import sys
from pathlib import Path
from profcov.slug import parse_slug
from profcov.store.presence import Presence
from profcov.store.directory import DataDirectory
presence = Presence(DataDirectory(Path(sys.argv[1])))
presence.begin(parse_slug(sys.argv[2]), into=[])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def data(place: Path) -> Path:
    directory = place / ".profcov"
    directory.mkdir()
    return directory


def leave_shards(directory: Path, slug: str, count: int) -> None:
    for number in range(count):
        write_shard(DataDirectory(directory), parse_slug(slug), f"profile:{slug}", {"/shop.py": {number + 1}})


def test_a_directory_that_is_not_there_is_tried_beside_and_not_made(
    examine: Callable[..., Report], place: Path
) -> None:
    report = examine("--data-dir", "deep/below/data")
    assert report.the("data-dir")["what"] == f"{place / 'deep/below/data'} can be made"
    assert report.the("shards")["level"] == report.the("flock")["level"] == report.the("space")["level"] == "ok"
    assert not (place / "deep").exists()


def test_a_directory_that_is_there_is_tried_and_left_as_it_was(examine: Callable[..., Report], data: Path) -> None:
    report = examine()
    assert report.the("data-dir")["what"] == f"{data} exists"
    assert report.the("left-overs")["what"] == "no shard waits to be combined"
    assert list(data.iterdir()) == []


@pytest.mark.parametrize("below", ["", "/data", "/deep/data"])
def test_a_directory_that_is_a_file_or_below_one_is_a_problem(
    examine: Callable[..., Report], place: Path, below: str
) -> None:
    (place / "taken").write_text("")
    report = examine(PROFILE_COVERAGE_DIR=f"taken{below}")
    assert (report.code, report.problems) == (1, {"data-dir"})
    assert report.the("data-dir")["what"].endswith(f"cannot be made: {place / 'taken'} is not a directory")


def test_a_link_to_nowhere_is_a_problem(examine: Callable[..., Report], place: Path) -> None:
    (place / "link").symlink_to(place / "nowhere")
    assert examine("--data-dir", "link").problems == {"data-dir"}


def test_a_place_where_nothing_can_be_written_is_a_problem(examine: Callable[..., Report]) -> None:
    report = examine("--data-dir", "/proc/self/fd/data")
    assert report.problems == {"data-dir"}
    assert report.the("data-dir")["what"].startswith("/proc/self/fd is not writable: ")


def test_shards_that_are_not_combined_are_counted(examine: Callable[..., Report], data: Path) -> None:
    leave_shards(data, "shop", 3)
    assert examine().the("left-overs")["what"] == "shards that are not combined: shop (3)"
    for slug in "abc":
        leave_shards(data, slug, 1)
    assert examine().the("left-overs")["what"] == "shards that are not combined: a (1), b (1), c (1), 1 more"


def test_combining_ends_that_and_names_what_could_not_be_read(
    examine: Callable[..., Report], data: Path, place: Path, environ: dict[str, str]
) -> None:
    leave_shards(data, "shop", 1)
    new_shard_path(data, parse_slug("shop")).write_bytes(b"damaged")
    combine = [sys.executable, "-m", "profcov", "combine", "--allow-partial"]
    subprocess.run(combine, cwd=place, env=environ, check=True, capture_output=True)
    bad, clean = examine().of("left-overs")
    assert clean["level"] == "ok"
    assert bad["what"] == f"shards in {data / 'state' / 'quarantine'}, which could not be read: 1"


@pytest.mark.skipif(not os.path.exists("/proc/locks"), reason="only Linux tells who holds a lock")  # noqa: PTH110
def test_who_holds_a_lock_is_named_and_the_lock_not_touched(examine: Callable[..., Report], data: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data), "shop"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        report = examine()
        holder.communicate()
    finding = report.the("locks")
    assert (report.code, finding["level"]) == (0, "warning")
    assert finding["what"].startswith(f"shop has work in flight, or is being combined, in process {holder.pid}: ")
    assert examine().of("locks") == []


def test_looking_at_a_lock_turns_no_request_away(examine: Callable[..., Report], data: Path) -> None:
    """An exclusive lock, for a moment even, would be a refusal to whoever asks in that moment."""
    path = lock_path(data, parse_slug("shop"))
    path.parent.mkdir()
    path.write_text("7\n")
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # a doctor that wanted it, too, would wait or complain
        report = examine()
    assert report.code == 0
    assert path.read_text() == "7\n"


def test_the_doctor_says_whether_there_is_room(examine: Callable[..., Report], data: Path) -> None:
    free = os.statvfs(data)
    what = examine().the("space")["what"]
    mebibytes = int(what.split()[0])
    assert what.endswith(f" MiB are free in {data}")
    assert abs(mebibytes - (free.f_bavail * free.f_frsize >> 20)) < 4096

"""What coverage.py's own commands do in a data directory: they read the artifact, and change nothing."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.layout import list_shards
from profcov.store.presence import Presence
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from pathlib import Path

SLUGS = [Slug("demo"), Slug("coverage"), Slug("coverage-2")]
"""``.coverage*`` is what ``coverage combine`` takes."""
COMMANDS = ("report", "html", "xml", "json", "lcov")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with a source, and a data directory with everything in it."""
    (tmp_path / "app.py").write_text("x = 1\ny = 2\n")
    data = tmp_path / ".profcov"
    for slug in SLUGS:
        for _ in range(3):
            write_shard(DataDirectory(data), slug, f"profile:{slug}", {str(tmp_path / "app.py"): {1}})
            combine(DataDirectory(data), slug)
        write_shard(DataDirectory(data), slug, f"profile:{slug}", {str(tmp_path / "app.py"): {2}})
        (data / f".unfinished.{slug}.17").touch()
    Presence(DataDirectory(data)).begin(SLUGS[0], into=[])
    return tmp_path


def digests(data: Path) -> dict[str, str]:
    files = (path for path in data.rglob("*") if path.is_file())
    return {path.relative_to(data).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def run(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "coverage", *words],
        cwd=directory,
        env={key: value for key, value in os.environ.items() if not key.startswith("COVERAGE")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("inside", [False, True], ids=["beside", "inside"])
def test_its_reports_change_nothing_and_say_nothing_else(place: Path, *, inside: bool) -> None:
    data = place / ".profcov"
    before = digests(data)
    for slug in SLUGS:
        file = f"{slug}.coverage" if inside else f".profcov/{slug}.coverage"
        for command in COMMANDS:
            out = [] if command == "report" else ["-d" if command == "html" else "-o", str(place / f"out.{command}")]
            done = run(data if inside else place, command, f"--data-file={file}", *out)
            said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("Wrote ")]
            assert done.returncode == 0, said
            assert len(said) == (5 if command == "report" else 0), said
    assert digests(data) == before


@pytest.mark.parametrize("words", [[], ["--data-file=demo.coverage"], ["--append", "--data-file=coverage.coverage"]])
def test_combining_there_finds_nothing_to_combine_and_changes_nothing(place: Path, words: list[str]) -> None:
    data = place / ".profcov"
    before = digests(data)
    done = run(data, "combine", *words)
    assert (done.returncode, done.stdout.strip()) == (1, "No data to combine")
    assert digests(data) == before
    assert len(list_shards(data, SLUGS[0])) == 1

"""For the crash tests: who can be killed, and what is said of them afterwards."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.layout import list_shards
from profcov.store.merge import read_shards
from profcov.store.read import read_lines
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

MANY = 500
"""From so many kills on, some must have come while work was in flight."""


def count_kills(config: pytest.Config, few: int, many: int) -> int:
    """Return how many kills there are to be: few, many with ``--full``, or PROFCOV_KILLS (``make crash`` sets it)."""
    return int(os.environ.get("PROFCOV_KILLS") or (many if config.getoption("--full") else few))


def children_of(pid: int) -> list[int]:
    """Return the children of a process, none of one that has ended."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


class Remains:
    """What killed processes have left in ``directory / "data"``, a slug after the other."""

    def __init__(self, directory: Path, killed: Iterable[int]) -> None:
        self._directory = directory
        self._killed = set(killed)
        self.figures = {"kills": len(self._killed), "shards": 0, "died": 0}

    def combine(self, slug: str) -> dict[str, set[int]]:
        """Combine a slug and return its lines by file; what is said of it must be true."""
        data, name = self._directory / "data", parse_slug(slug)
        shards = list_shards(data, name)
        assert read_shards(shards).unreadable == []
        made = combine(DataDirectory(data), name, config_file=self._directory / "measured.ini", timeout=1)
        died = {each["pid"] for each in read_sidecar(made.path)["died"]}
        # Killed before it had begun a job, with which RQ says that it has failed.
        never_begun = [each for each in made.jobs if each["status"] == "enqueued"]
        causes = {"process-died": died, "jobs-unfinished": never_begun}
        assert set(made.reasons) == {reason for reason, cause in causes.items() if cause}
        assert died <= self._killed
        self.figures["shards"] += len(shards)
        self.figures["died"] += len(died)
        return read_lines(made.path)

    def judge(self, kills: int, **more: int) -> None:
        """Print the figures; there must be as many kills as were wanted, and nothing else left."""
        print({**self.figures, **more})
        assert self.figures["kills"] == kills
        told = kills < MANY or self.figures["died"] > kills / 25
        assert told, "hardly a kill came while work was in flight: the test is none"
        assert not (self._directory / "data" / "state" / "quarantine").exists()
        processes = (self._directory / "data" / "state" / "processes").iterdir()
        assert [path for path in processes if not path.name.startswith(".")] == []

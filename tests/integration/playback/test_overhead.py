"""What tracing costs, measured on a server that is slow where it is traced, and that is not where it is not."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest
import requests
from written import get, write

from profcov.playback.player.overhead import Measured, find_slowest
from profcov.slug import Slug

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from warm import Commands


@pytest.fixture
def overhead(tmp_path: Path, traced: Any, commands: Commands) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``profcov overhead`` in ``tmp_path``, against the server that records."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        common = ("--base-url", traced.url, "--data-dir", traced.data_dir)
        return commands.run(["overhead", *map(str, (*words, *common))], tmp_path, os.environ)

    return run


def test_each_profile_is_played_traced_and_untraced_and_the_figures_are_written(
    tmp_path: Path, traced: Any, overhead: Callable[..., Any]
) -> None:
    folder = tmp_path / "profiles"
    folder.mkdir()
    write(folder, "cost-1", get("/red"))
    write(folder, "cost-2", get("/asked/cost"), get("/red"))
    ended = overhead(folder, "--runs", 3)
    assert ended.returncode == 0, ended.stderr
    rows = [line.split("\t") for line in ended.stdout.splitlines()]
    assert [row[0] for row in rows] == ["cost-1", "cost-2"]
    document = json.loads((tmp_path / "artifacts/perf-baseline.json").read_text())
    assert (document["schema_version"], document["runs"], document["base_urls"]) == (2, 3, [traced.url])
    assert document["slowest"] in {"cost-1", "cost-2"}
    for row, profile in zip(rows, document["profiles"], strict=True):
        assert (len(profile["traced_runs"]), len(profile["untraced_runs"])) == (3, 3)
        low, high = profile["ratio_quartiles"]
        assert 0 < low <= profile["ratio"] <= high
        assert float(row[3]) == pytest.approx(profile["ratio"], abs=0.006)  # both are rounded
    # Three runs and the one that does not count, of each kind; nothing that was recorded is left, and no artifact made.
    assert requests.get(f"{traced.url}/asked/cost", timeout=30).json() == {"traced": 4, "untraced": 4 + 1}
    assert sorted(path.name for path in traced.data_dir.rglob("cost-*")) == ["cost-1.lock", "cost-2.lock"]


def test_more_than_is_allowed_is_reported_and_fails(tmp_path: Path, overhead: Callable[..., Any]) -> None:
    profile = write(tmp_path, "slow-if-traced", get("/slow-if-traced"))
    ended = overhead(profile, "--runs", 1, "--max-percent", 25, "--out", "figures.json")
    assert ended.returncode == 1
    percent = json.loads((tmp_path / "figures.json").read_text())["percent"]
    assert percent > 25
    said = re.search(r"profcov: tracing costs slow-if-traced ([0-9.]+) %: more than 25 %", ended.stderr)
    assert said is not None
    assert float(said[1]) == pytest.approx(percent, abs=0.1)


def test_a_step_that_fails_ends_the_measurement(tmp_path: Path, overhead: Callable[..., Any]) -> None:
    ended = overhead(write(tmp_path, "no-measure", get("/broken")))
    assert ended.returncode == 1
    assert ended.stderr.startswith("profcov: no-measure: step 'step broken': GET ")
    assert not (tmp_path / "artifacts/perf-baseline.json").exists()


def test_the_slowest_profile_is_the_one_that_takes_longest_untraced() -> None:
    short, long = (
        Measured(Slug("short"), [1.0, 1.0, 1.0], [9.0, 9.0, 9.0]),
        Measured(Slug("long"), [2, 2, 2], [2.2, 2.6, 2.0]),
    )
    assert find_slowest([short, long]) is long
    assert long.ratio == pytest.approx(1.1)
    assert long.percent == pytest.approx(10)
    assert long.quartiles == pytest.approx((1.05, 1.2))
    assert Measured(Slug("one"), [1.0], [2.0]).quartiles == (2.0, 2.0)

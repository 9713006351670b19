"""Workers killed at any instant, under load: what clients have received is on disk, whole, and filed rightly."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import servers
from traffic import SLUGS, Traffic, make_plan, truth_of

from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.layout import list_shards
from profcov.store.merge import gather
from profcov.store.read import read_lines
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

APPS = Path(__file__).parent / "apps"
sys.path.insert(0, str(APPS))

import many  # noqa: E402 (it is beside the applications)

KILLS, FULL_KILLS = 25, 100
"""Without and with ``--full``; ``make crash`` sets PROFCOV_KILLS to 500."""
MANY = 500
"""From so many kills on, some must have come while work was in flight."""
REQUESTS_A_KILL = 24
GUNICORN = (sys.executable, "-m", "gunicorn", "--bind=fd://{fd}", "--no-control-socket", "--log-level=critical")
GUNICORN = (*GUNICORN, "--workers=2", "--preload", "--worker-class=gthread", "--threads=8", "{target}")


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_no_line_is_lost_or_misfiled_though_workers_are_killed_at_any_instant(
    tmp_path: Path, environ_for: Callable[..., dict[str, str]], pytestconfig: pytest.Config
) -> None:
    kills = int(os.environ.get("PROFCOV_KILLS") or (FULL_KILLS if pytestconfig.getoption("--full") else KILLS))
    requests = kills * REQUESTS_A_KILL // len(SLUGS) * len(SLUGS)
    plan, wanted = make_plan(requests)
    many.make(tmp_path / "many_functions.py", requests + 1)
    rng = random.Random(5)
    killed: list[int] = []
    with servers.serve(GUNICORN, "life:wsgi", environ_for(tmp_path, APPS, tmp_path), tmp_path) as served:
        traffic = Traffic(served, wanted)
        traffic.start()
        while len(killed) < kills and traffic.left and not traffic.errors:
            time.sleep(rng.random() * 0.06)
            workers = [pid for pid in children_of(served.process.pid) if pid not in killed]
            with contextlib.suppress(ProcessLookupError, IndexError):  # none there just now
                pid = rng.choice(workers)
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
        traffic.join()
        served.stop()
    figures = {"kills": len(killed), "requests": requests, "sent again": traffic.again, "shards": 0, "died": 0}
    truth = truth_of(plan, APPS, tmp_path)
    for slug in SLUGS:
        shards = list_shards(tmp_path / "data", parse_slug(slug))
        assert gather(shards).unreadable == []
        made = combine(tmp_path / "data", parse_slug(slug), config_file=tmp_path / "measured.ini", timeout=1)
        found = {Path(name).name: sorted(lines) for name, lines in read_lines(made.path).items()}
        assert found == truth[slug]
        died = {each["pid"] for each in read_sidecar(made.path)["died"]}
        assert made.reasons == (("process-died",) if died else ())
        assert died <= set(killed)
        figures["shards"] += len(shards)
        figures["died"] += len(died)
    print(figures)
    assert len(killed) == kills
    assert kills < MANY or figures["died"] > kills / 25, "hardly a kill came while work was in flight: the test is none"
    assert not (tmp_path / "data" / "quarantine").exists()
    assert [path for path in (tmp_path / "data" / "processes").iterdir() if not path.name.startswith(".")] == []

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
from crashes import Remains, children_of, count_kills
from traffic import SLUGS, Traffic, make_plan, truth_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

APPS = Path(__file__).parent / "apps"
sys.path.insert(0, str(APPS))

import many  # noqa: E402 (it is beside the applications)

REQUESTS_A_KILL = 24
GUNICORN = (
    *(sys.executable, "-m", "gunicorn", "--bind=fd://{fd}", "--no-control-socket", "--log-level=critical"),
    *("--workers=2", "--preload", "--worker-class=gthread", "--threads=8", "{target}"),
)


def test_no_line_is_lost_or_misfiled_though_workers_are_killed_at_any_instant(
    tmp_path: Path, environ_for: Callable[..., dict[str, str]], pytestconfig: pytest.Config
) -> None:
    kills = count_kills(pytestconfig, few=25, many=100)
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
    remains = Remains(tmp_path, killed)
    truth = truth_of(plan, APPS, tmp_path)
    for slug in SLUGS:
        found = {Path(name).name: sorted(lines) for name, lines in remains.combine(slug).items()}
        assert found == truth[slug]
    remains.judge(kills, requests=requests, sent_again=traffic.again)

"""Nothing is lost or misfiled while workers come and go: each request runs a function of its own, so each one counts."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import servers
from traffic import SLUGS, Traffic, make_plan, truth_of

from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.read import read_lines

if TYPE_CHECKING:
    from collections.abc import Callable

APPS = Path(__file__).parent / "apps"
sys.path.insert(0, str(APPS))

import many  # noqa: E402 (it is beside the applications)


def found_in(directory: Path, slug: str) -> dict[str, list[int]]:
    """Combine, which works at once where no process has work in flight any more, and return the lines."""
    made = combine(
        DataDirectory(directory / "data"), parse_slug(slug), config_file=directory / "measured.ini", timeout=1
    )
    assert made.complete
    return {Path(name).name: sorted(lines) for name, lines in read_lines(made.path).items()}


GUNICORN = (sys.executable, "-m", "gunicorn", "--bind=fd://{fd}", "--no-control-socket", "--log-level=warning")
KINDS: dict[str, tuple[tuple[str, ...], int, int | None]] = {
    "gunicorn gthread, recycled, HUP": (
        (*GUNICORN, "--workers=2", "--worker-class=gthread", "--threads=8", "--max-requests=200", "{target}"),
        5000,
        signal.SIGHUP,
    ),
    "gunicorn sync, preload, recycled": (
        (*GUNICORN, "--workers=2", "--preload", "--max-requests=50", "{target}"),
        900,
        None,
    ),
    "uWSGI, recycled": ((*servers.WSGI["uWSGI"], "--max-requests=60"), 900, None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_request_is_in_its_slugs_artifact_and_nowhere_else(
    request: pytest.FixtureRequest, tmp_path: Path, environ_for: Callable[..., dict[str, str]], kind: str
) -> None:
    words, requests, in_the_middle = KINDS[kind]
    if not request.config.getoption("--full"):
        requests = min(requests, 1200)
    plan, wanted = make_plan(requests)
    many.make(tmp_path / "many_functions.py", requests + 1)
    with servers.serve(words, "life:wsgi", environ_for(tmp_path, APPS, tmp_path), tmp_path) as served:
        traffic = Traffic(served, wanted)
        traffic.start()
        if in_the_middle is not None:
            while traffic.left > len(wanted) // 2 and not traffic.errors:
                time.sleep(0.005)
            served.process.send_signal(in_the_middle)
        traffic.join()
        served.stop()
    assert traffic.said == {
        "traced": requests // len(SLUGS) * len(SLUGS),
        None: len(wanted) - sum(map(len, plan.values())),
    }
    truth = truth_of(plan, APPS, tmp_path)
    for slug in SLUGS:
        assert found_in(tmp_path, slug) == truth[slug]
    assert not (tmp_path / "data" / "state" / "quarantine").exists()

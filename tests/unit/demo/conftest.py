"""A Flask application over a real Redis server, and an RQ worker that does its jobs here and now."""

from __future__ import annotations

import signal
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis
from rq import Queue, SimpleWorker

from profcov.demo.app import create_app
from profcov.demo.runs import QUEUE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask.testing import FlaskClient


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the files that profiles upload."""
    return files("profcov.demo") / "profiles" / "data"  # type: ignore[return-value]


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as connection:
        Queue(QUEUE, connection=connection).empty()  # type: ignore[no-untyped-call]
        yield connection


@pytest.fixture
def client(redis_url: str, redis: Redis) -> FlaskClient:
    return create_app(trace=False, redis_url=redis_url).test_client()


@pytest.fixture
def work(redis: Redis) -> Iterator[Callable[[], object]]:
    """Do all jobs that wait, and those that they enqueue."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield lambda: SimpleWorker([QUEUE], connection=redis).work(burst=True, logging_level="CRITICAL")
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def upload(client: FlaskClient, data: Path) -> Callable[..., Any]:
    """Post a file of the profiles' to a run."""

    def post(run_id: str, step: str, field: str, name: str, **form: str) -> Any:
        with (data / name).open("rb") as file:
            return client.post(f"/api/runs/{run_id}/{step}", data={field: (file, name), **form})

    return post


@pytest.fixture
def run_id(client: FlaskClient, upload: Callable[..., Any]) -> str:
    """A run with its grid uploaded."""
    run_id: str = client.post("/api/runs", json={"name": "palouse"}).get_json()["id"]
    assert upload(run_id, "dem", "dem", "dem.asc").status_code == 200
    return run_id


@pytest.fixture
def finished_run(client: FlaskClient, run_id: str, work: Callable[[], None]) -> str:
    """A run that was modelled to its end, with a storm for weather."""
    for step, options in (
        ("delineate", {"method": "wbt", "area_ha": 6}),
        ("climate", {"method": "storm", "depth_mm": 50}),
        ("model", {"practice": "contour"}),
    ):
        assert client.post(f"/api/runs/{run_id}/{step}", json=options).status_code == 202
        work()
    return run_id

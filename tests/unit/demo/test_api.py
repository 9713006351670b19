from __future__ import annotations

import csv
import io
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests
import uvicorn

from profcov.demo.api import COLUMNS, create_api
from profcov.demo.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from redis import Redis


class Query(requests.Session):
    """A client whose paths are below one URL."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        return super().request(method, f"{self._base_url}{url!s}", *args, **{"timeout": 30, **kwargs})


@pytest.fixture(scope="module")
def query(redis_url: str) -> Iterator[Query]:
    """The API behind a real server: what is connected before it has started waits in the listener's queue."""
    server = uvicorn.Server(uvicorn.Config(create_api(trace=False, redis_url=redis_url), log_level="warning"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        with Query(f"http://127.0.0.1:{listener.getsockname()[1]}") as session:
            yield session
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def test_summary_is_what_the_jobs_stored(query: Query, redis: Redis, finished_run: str) -> None:
    answer = query.get(f"/query/runs/{finished_run}/summary")
    name, climate, summary = Runs(redis).get(finished_run, "name", "climate", "summary")
    assert answer.status_code == 200
    assert answer.json() == {"name": name, "climate": climate, **summary}


def test_csv_has_a_row_for_each_cell_of_the_hillslopes(query: Query, redis: Redis, finished_run: str) -> None:
    answer = query.get(f"/query/runs/{finished_run}/cells.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    (summary,) = Runs(redis).get(finished_run, "summary")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "content-length" not in answer.headers  # it is streamed
    assert answer.text.startswith(COLUMNS + "\n")
    assert len(rows) == sum(summary["classes"].values())
    assert sum(float(row["gross_t_ha"]) for row in rows) * 0.09 == pytest.approx(summary["gross_t"], abs=0.01)


def test_hillslopes_are_those_of_the_summary_the_largest_delivery_first(
    query: Query, redis: Redis, finished_run: str
) -> None:
    tables = query.get(f"/query/runs/{finished_run}/hillslopes").json()["hillslopes"]
    (summary,) = Runs(redis).get(finished_run, "summary")
    delivered = [table["delivered_t"] for table in tables]
    assert delivered == sorted(delivered, reverse=True)
    assert sorted(tables, key=lambda table: table["hillslope"]) == summary["hillslopes"]


def test_views_are_counted_after_the_answer(query: Query, client: FlaskClient, finished_run: str) -> None:
    for _ in range(3):
        answer = query.post(f"/query/runs/{finished_run}/views")
        assert (answer.status_code, answer.json()) == (202, {"state": "accepted"})
    assert query.get(f"/query/runs/{finished_run}/views").json() == {"views": 3}
    assert client.get(f"/api/runs/{finished_run}").get_json()["views"] == 3


@pytest.mark.parametrize("path", ["summary", "cells.csv", "hillslopes", "views"])
def test_no_such_run_is_404(query: Query, path: str) -> None:
    answer = query.get(f"/query/runs/none/{path}")
    assert (answer.status_code, "there is no run 'none'" in answer.json()["error"]) == (404, True)


@pytest.mark.parametrize("path", ["summary", "cells.csv"])
def test_an_unfinished_run_is_409(query: Query, run_id: str, path: str) -> None:
    answer = query.get(f"/query/runs/{run_id}/{path}")
    assert answer.status_code == 409
    assert answer.json()["error"].startswith("this needs the run's ")


def test_other_errors_are_json_too(query: Query) -> None:
    assert query.get("/nowhere").json() == {"error": "Not Found"}
    assert query.post("/query/runs/none/views").status_code == 404
    assert query.delete("/query/runs/none/views").status_code == 405

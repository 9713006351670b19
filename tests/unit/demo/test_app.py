from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis
from rq import Queue
from rq.job import Job, JobStatus

from profcov.demo import routes
from profcov.demo.app import create_app
from profcov.demo.runs import KEEP_SECONDS, QUEUE, Runs, run_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from flask.testing import FlaskClient


def status_of(client: FlaskClient, job_id: str) -> dict[str, Any]:
    answer = client.get(f"/api/jobs/{job_id}")
    assert answer.status_code == 200
    status: dict[str, Any] = answer.get_json()
    return status


def test_a_new_run_is_shown_then_deleted(client: FlaskClient) -> None:
    made = client.post("/api/runs", json={"name": " palouse "})
    assert made.status_code == 201
    run = made.get_json()
    assert (run["name"], run["state"], run["done"], run["views"]) == ("palouse", "new", [], 0)
    assert client.get(f"/api/runs/{run['id']}").get_json() == run
    assert client.delete(f"/api/runs/{run['id']}").status_code == 204
    assert client.get(f"/api/runs/{run['id']}").status_code == 404
    assert client.delete(f"/api/runs/{run['id']}").status_code == 404


def test_runs_do_not_stay_for_ever(client: FlaskClient, redis: Redis, run_id: str) -> None:
    assert 0 < redis.ttl(run_key(run_id)) <= KEEP_SECONDS


def test_upload_tells_what_the_grid_holds(client: FlaskClient, upload: Callable[..., Any], run_id: str) -> None:
    answer = upload(run_id, "dem", "dem", "dem.asc").get_json()
    assert (answer["rows"], answer["cols"], answer["cells"]) == (24, 24, 572)
    assert answer["raised"] > 0
    feet = upload(run_id, "dem", "dem", "dem.asc", units="ft").get_json()
    assert feet["highest_m"] == pytest.approx(answer["highest_m"] * 0.3048, abs=0.01)


def test_a_long_step_is_a_job_whose_status_can_be_asked(
    client: FlaskClient, run_id: str, work: Callable[[], None]
) -> None:
    answer = client.post(f"/api/runs/{run_id}/delineate", json={"method": "topaz"})
    assert answer.status_code == 202
    job_id = answer.get_json()["job_id"]
    assert status_of(client, job_id) == {"id": job_id, "status": "queued", "error": ""}
    work()
    assert status_of(client, job_id)["status"] == "finished"
    assert client.get(f"/api/runs/{run_id}").get_json()["done"] == ["dem", "watershed"]


def test_a_failed_job_says_why(client: FlaskClient, run_id: str, work: Callable[[], None]) -> None:
    job_id = client.post(f"/api/runs/{run_id}/delineate", json={"area_ha": 9999}).get_json()["job_id"]
    work()
    job = status_of(client, job_id)
    assert job["status"] == "failed"
    assert "ModelError: no channel: at most" in job["error"]


def test_step_by_step_gives_what_the_chain_of_jobs_gives(
    client: FlaskClient, redis: Redis, upload: Callable[..., Any], work: Callable[[], None]
) -> None:
    def summary(*steps: tuple[str, dict[str, Any]]) -> dict[str, Any]:
        run_id = client.post("/api/runs", json={"name": "one"}).get_json()["id"]
        upload(run_id, "dem", "dem", "dem.asc")
        for step, options in steps:
            assert client.post(f"/api/runs/{run_id}/{step}", json=options).status_code in {200, 202}
            work()
        assert client.get(f"/api/runs/{run_id}").get_json()["state"] == "summary"
        found: dict[str, Any] = Runs(redis).get(run_id, "summary")[0]
        return found

    first = ("delineate", {"method": "wbt"}), ("climate", {"method": "daymet"})
    single = summary(*first, ("soils", {}), ("landuse", {"practice": "strips"}), ("erosion", {}))
    chained = summary(*first, ("model", {"practice": "strips"}))
    assert single == chained
    assert 0 < single["delivered_t"] < single["gross_t"]


def test_jobs_of_a_model_run_in_order_and_one_enqueues_the_others(
    client: FlaskClient, redis: Redis, run_id: str, work: Callable[[], None]
) -> None:
    for step, options in (("delineate", {"area_ha": 6}), ("climate", {"method": "storm"})):
        client.post(f"/api/runs/{run_id}/{step}", json=options)
    work()
    answer = client.post(f"/api/runs/{run_id}/model", json={}).get_json()
    soils, landuse = answer["before"]
    statuses = [status_of(client, job_id)["status"] for job_id in (soils, landuse, answer["job_id"])]
    assert statuses == ["queued", "deferred", "deferred"]
    assert client.get(f"/api/jobs/{answer['summary_job_id']}").status_code == 404  # erosion enqueues it
    work()
    hillslopes: Any = Job.fetch(answer["job_id"], connection=redis).return_value()
    summary = Job.fetch(answer["summary_job_id"], connection=redis)
    assert hillslopes > 3
    assert len(summary.dependency_ids) == hillslopes
    assert len(Runs(redis).get_losses(run_id)) == hillslopes
    assert status_of(client, summary.id)["status"] == "finished"


def test_fire_raises_the_loss(client: FlaskClient, redis: Redis, finished_run: str, work: Callable[[], None]) -> None:
    before = Runs(redis).get(finished_run, "summary")[0]["gross_t"]
    fire = {"start": [8, 6], "radius_m": 300}
    assert client.post(f"/api/runs/{finished_run}/model", json={"practice": "contour", "fire": fire}).status_code == 202
    work()
    assert Runs(redis).get(finished_run, "summary")[0]["gross_t"] > 1.5 * before


def test_the_climates_give_different_erosivities(
    client: FlaskClient, redis: Redis, upload: Callable[..., Any], run_id: str, work: Callable[[], None]
) -> None:
    upload(run_id, "observations", "days", "daymet.csv")
    found = set()
    for options in (
        {"method": "daymet"},
        {"method": "daymet", "source": "uploaded"},
        {"method": "stochastic", "years": 5, "seed": 3},
        {"method": "stochastic", "years": 5, "seed": 4},
        {"method": "storm"},
    ):
        assert client.post(f"/api/runs/{run_id}/climate", json=options).status_code == 202
        work()
        found.add(Runs(redis).get(run_id, "climate")[0]["erosivity"])
    assert len(found) == 5


def test_a_step_done_again_forgets_what_was_made_from_it(
    client: FlaskClient, upload: Callable[..., Any], finished_run: str, work: Callable[[], None]
) -> None:
    upload(finished_run, "dem", "dem", "dem.asc")
    run = client.get(f"/api/runs/{finished_run}").get_json()
    assert run["done"] == ["dem", "climate"]


def test_results_page_shows_every_cell_and_hillslope(client: FlaskClient, redis: Redis, finished_run: str) -> None:
    page = client.get(f"/runs/{finished_run}/results")
    text = page.get_data(as_text=True)
    summary = Runs(redis).get(finished_run, "summary")[0]
    assert page.status_code == 200
    assert text.count("<rect ") == 572 + 12  # cells and months
    assert all(f"<tr><td>{row['hillslope']}</td>" in text for row in summary["hillslopes"])
    assert f"{summary['delivered_t']:.1f} t" in text


def test_results_page_escapes_the_run_s_name(client: FlaskClient, redis: Redis, finished_run: str) -> None:
    Runs(redis).put(finished_run, name="<script>x</script>")
    text = client.get(f"/runs/{finished_run}/results").get_data(as_text=True)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_results_page_of_no_run_and_of_an_unfinished_one(client: FlaskClient, run_id: str) -> None:
    missing, early = client.get("/runs/none/results"), client.get(f"/runs/{run_id}/results")
    assert (missing.status_code, early.status_code) == (404, 409)
    assert "No such run" in missing.get_data(as_text=True)
    assert "this needs the run&#39;s watershed first" in early.get_data(as_text=True)


@pytest.mark.parametrize(
    ("step", "options", "answer"),
    [
        ("delineate", {"method": "guess"}, (400, "method: 'guess' is none of topaz, wbt")),
        ("delineate", {"area_ha": "much"}, (400, "area_ha: 'much' is no number from 0.01 to 10000")),
        ("delineate", {"outlet": [1]}, (400, "outlet: expected [row, column]")),
        ("delineate", {"metod": "topaz"}, (400, "unknown option metod; known are method,")),
        ("delineate", [1], (400, "expected a JSON object")),
        ("climate", {"method": "tarot"}, (400, "method: 'tarot' is none of daymet, stochastic, storm")),
        ("climate", {"method": "stochastic", "years": 1.5}, (400, "years: 1.5 is not a whole number")),
        ("climate", {"method": "stochastic", "years": True}, (400, "years: 'True' is no number")),
        ("soils", {}, (409, "this needs the run's watershed first")),
        ("landuse", {}, (409, "this needs the run's watershed first")),
        ("erosion", {}, (409, "this needs the run's watershed first")),
        ("model", {}, (409, "this needs the run's watershed first")),
        ("nonsense", {}, (404, "not found")),
    ],
)
def test_says_what_a_step_cannot_use(  # noqa: PLR0917 (three are fixtures)
    client: FlaskClient, redis: Redis, run_id: str, step: str, options: Any, answer: tuple[int, str]
) -> None:
    status, message = answer
    came = client.post(f"/api/runs/{run_id}/{step}", json=options)
    assert came.status_code == status
    assert message in came.get_json()["error"]
    assert not Queue(QUEUE, connection=redis).job_ids  # nothing was enqueued


def test_fire_must_start_on_the_grid(client: FlaskClient, finished_run: str) -> None:
    for fire in ({"start": [99, 0]}, {"start": None}, {}):
        answer = client.post(f"/api/runs/{finished_run}/soils", json={"fire": fire})
        assert answer.status_code == 400
        assert "fire: start must be a [row, column]" in answer.get_json()["error"]


def test_says_what_is_wrong_with_an_upload(client: FlaskClient, upload: Callable[..., Any], run_id: str) -> None:
    missing = client.post(f"/api/runs/{run_id}/dem", data={})
    assert (missing.status_code, "expected a file" in missing.get_json()["error"]) == (400, True)
    wrong = upload(run_id, "dem", "dem", "daymet.csv")
    assert (wrong.status_code, "is this an ESRI ASCII grid?" in wrong.get_json()["error"]) == (400, True)
    units = upload(run_id, "dem", "dem", "dem.asc", units="furlongs")
    assert (units.status_code, "units 'furlongs'" in units.get_json()["error"]) == (400, True)
    weather = upload(run_id, "observations", "days", "dem.asc")
    assert (weather.status_code, "no line starts with 'year,'" in weather.get_json()["error"]) == (400, True)
    assert upload("none", "dem", "dem", "dem.asc").status_code == 404


def test_a_body_that_is_no_json_and_a_job_that_is_not_there(client: FlaskClient) -> None:
    assert client.post("/api/runs", data="{", content_type="application/json").status_code == 400
    assert client.post("/api/runs", data="x", content_type="text/plain").status_code == 415
    assert client.put("/api/runs").status_code == 405
    assert client.get("/api/jobs/none").status_code == 404


def test_without_redis_answers_503() -> None:
    client = create_app(trace=False, redis_url="redis://127.0.0.1:1/0").test_client()
    answer = client.post("/api/runs", json={"name": "x"})
    assert (answer.status_code, "error" in answer.get_json()) == (503, True)


def test_asking_for_a_job_runs_the_same_lines_whatever_its_status(
    client: FlaskClient, redis: Redis, run_id: str, work: Callable[[], None]
) -> None:
    """A profile asks as often as the workers need: its lines must not depend on how fast they are."""

    def lines(job_id: str, status: str) -> set[tuple[str, int]]:
        seen: set[tuple[str, int]] = set()

        def trace(frame: Any, event: str, _argument: object) -> Any:
            if not frame.f_code.co_filename.startswith(routes.__file__.rpartition("/")[0]):
                return None
            if event == "line":
                seen.add((frame.f_code.co_filename, frame.f_lineno))
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            answer = client.get(f"/api/jobs/{job_id}")
        finally:
            sys.settrace(before)
        assert answer.get_json()["status"] == status
        return seen

    ids = [
        client.post(f"/api/runs/{run_id}/delineate", json={"area_ha": area}).get_json()["job_id"] for area in (4, 9999)
    ]
    found = [lines(ids[0], "queued")]
    Job.fetch(ids[0], connection=redis).set_status(JobStatus.STARTED)
    found.append(lines(ids[0], "started"))
    work()
    found += [lines(ids[0], "finished"), lines(ids[1], "failed")]
    assert found[0]
    assert all(each == found[0] for each in found)


def test_a_run_deleted_while_a_job_writes_does_not_come_back(redis: Redis, run_id: str, client: FlaskClient) -> None:
    client.delete(f"/api/runs/{run_id}")
    Runs(redis).put(run_id, climate={})  # a job that was late
    assert client.get(f"/api/runs/{run_id}").status_code == 404


def test_the_traced_application_is_wrapped_and_the_other_is_not(redis_url: str) -> None:
    assert type(create_app(redis_url=redis_url).wsgi_app).__name__ == "ProfileTraceMiddleware"
    assert type(create_app(trace=False, redis_url=redis_url).wsgi_app).__name__ == "method"


def test_redis_url_comes_from_the_environment(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    run = create_app(trace=False).test_client().post("/api/runs", json={"name": "x"}).get_json()
    with Redis.from_url(redis_url) as redis:
        assert redis.exists(run_key(run["id"]))

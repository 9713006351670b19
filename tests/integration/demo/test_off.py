from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROGRAM = """
import json, os, re, sys
from redis import Redis
from profcov.demo.app import create_app
from profcov.queues.rq import install
install()
from pathlib import Path
dem = Path(os.environ["DEM"]).read_bytes()
def play(app, headers):
    Redis.from_url(os.environ["REDIS_URL"]).flushall()
    client, answers = app.test_client(), []
    def send(method, path, **options):
        answer = client.open(path, method=method, headers=headers, **options)
        kept = [[k, v] for k, v in answer.headers if k != "X-Profile-Trace-Status"]
        answers.append([answer.status, kept, answer.get_data(as_text=True), answer.headers.get("X-Profile-Trace-Status")])
        return answer.json
    run = send("POST", "/api/runs", json={"name": "palouse"})["id"]
    import io
    send("POST", f"/api/runs/{run}/dem", data={"dem": (io.BytesIO(dem), "dem.asc"), "units": "m"})
    job = send("POST", f"/api/runs/{run}/delineate", json={"method": "wbt", "area_ha": 6})["job_id"]
    send("GET", f"/api/jobs/{job}")
    send("GET", f"/runs/{run}/results")
    send("GET", "/nowhere")
    send("POST", "/api/runs", json={})
    text = json.dumps(answers).replace(run, "RUN").replace(job, "JOB")
    return json.loads(re.sub("[0-9a-f]{8}-[0-9a-f-]{27}", "UUID", text))
header = {"X-Profile-Trace": "demo"}
traced = create_app()
told = [play(create_app(trace=False), header), play(traced, {}), play(traced, header)]
monitoring = getattr(sys, "monitoring", None)
tools = [monitoring.get_tool(number) for number in range(6)] if monitoring else []
print(json.dumps([told, sys.gettrace() is None, list(filter(None, tools)), "coverage.tracer" in sys.modules]))
"""


@pytest.mark.parametrize("switch", ["", "0"])
def test_switched_off_the_demo_answers_the_same_bytes_and_nothing_is_touched(
    run_python: Callable[..., Any], redis_url: str, tmp_path: Path, switch: str
) -> None:
    import profcov.demo.run as demo

    with demo.demo_files() as (_, paths):
        dem = paths[0].parent / "data" / "dem.asc"
        (without, plain, asked), no_trace, tools, tracer = run_python(
            PROGRAM, ENABLE_PROFILE_COVERAGE=switch, REDIS_URL=redis_url, DEM=str(dem)
        )
    assert [answer[:3] for answer in plain] == [answer[:3] for answer in without]
    assert [answer[:3] for answer in asked] == [answer[:3] for answer in without]
    assert {answer[3] for answer in plain} == {None}
    assert {answer[3] for answer in asked} == {"disabled"}
    assert [answer[0][:3] for answer in plain] == ["201", "200", "202", "200", "409", "404", "400"]
    assert (no_trace, tools, tracer) == (True, [], False)
    assert {path.name for path in tmp_path.iterdir()} == {"script.py", "measured.ini"}

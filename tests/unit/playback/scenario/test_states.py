from __future__ import annotations

from typing import Any

import pytest

from profcov.playback.scenario.states import find_state


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"status": "started"}, ("status", "started")),
        ({"status": "started", "data": {"status": "success"}}, ("status", "started")),
        ({"done": False, "status": 5}, ("done", False)),
        ({"job": {"state": "SUCCESS"}}, ("job.state", "SUCCESS")),
        ({"result": {"state": "SUCCESS"}}, ("result.state", "SUCCESS")),
        ({"status": "success", "data": {"status": "started"}}, ("data.status", "started")),
        ({"status": "ok", "n": 1, "job": {"status": "started"}}, ("job.status", "started")),
        ({"status": "OK", "data": {"job": {"done": False}}}, ("data.job.done", False)),
        ({"status": "error", "error": {"code": 5}}, ("status", "error")),
        ({"status": "success", "result": {"state": "new"}}, ("status", "success")),
        ({"state": "success", "data": {"state": "new"}}, ("state", "success")),
        ({"status": "success", "a b": {"state": "new"}, "\u00e4": {"state": "new"}}, ("status", "success")),
        ({"a": {"b": {"state": "new"}}}, None),
        ([{"status": "started"}], None),
    ],
)
def test_the_state_is_the_jobs_and_not_that_of_the_envelope_around_it(value: Any, found: object) -> None:
    assert find_state(value) == found

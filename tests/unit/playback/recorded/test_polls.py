from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from recordings import entry, write_har

from profcov.playback.loading import load
from profcov.playback.scenario.model import Wait

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.playback.scenario.model import Step


def steps(folder: Path, *entries: object) -> list[Step]:
    return list(load(write_har(folder / "shop.har", *entries)).profile.steps)


def waits(found: list[Step]) -> list[tuple[str, str | None]]:
    return [(step.request.path, step.wait.until.expression if isinstance(step.wait, Wait) else None) for step in found]


def test_polls_are_one_step_that_waits_for_the_last_state(tmp_path: Path) -> None:
    found = steps(
        tmp_path,
        entry("POST /start", answer={"job_id": "aaaa1111bbbb"}),
        entry("GET /jobs/aaaa1111bbbb", answer={"status": "queued"}),
        entry("GET /jobs/aaaa1111bbbb", answer={"status": "started"}),
        entry("GET /news", answer={"n": 1}),
        entry("GET /jobs/aaaa1111bbbb", answer={"status": "finished"}),
        entry("GET /result"),
    )
    assert waits(found) == [
        ("/start", None),
        ("/news", None),
        ("/jobs/{job_id}", "status == 'finished'"),
        ("/result", None),
    ]
    wait = found[2].wait
    assert isinstance(wait, Wait)
    assert wait.path is None
    assert wait.fail is not None
    assert wait.fail.search({"status": "failed"}) is True
    assert wait.fail.search({"status": "queued"}) is False


@pytest.mark.parametrize(
    ("answers", "until"),
    [
        ([{"job": {"state": "SUCCESS"}}], "job.state == 'SUCCESS'"),
        ([{"done": False}, {"done": True}], "done == `true`"),
        ([{"state": "new"}, {"state": "it's"}], "state == 'it\\'s'"),
        (
            [{"status": "success", "data": {"status": each}} for each in ("started", "finished")],
            "data.status == 'finished'",
        ),
        ([{"state": "new"}], None),
        ([{"state": "new"}, {"state": "new"}], None),
        ([[1], [2]], None),
    ],
)
def test_a_state_is_waited_for_where_it_ended_or_changed(
    tmp_path: Path, answers: list[object], until: str | None
) -> None:
    found = steps(tmp_path, *(entry("GET /it", answer=answer) for answer in answers))
    assert waits(found)[-1] == ("/it", until)
    assert len(found) == (1 if until else len(answers))


def test_polls_of_two_jobs_stay_apart(tmp_path: Path) -> None:
    found = steps(
        tmp_path,
        entry("GET /a", answer={"status": "queued"}),
        entry("GET /b", answer={"status": "queued"}),
        entry("GET /a", answer={"status": "finished"}),
        entry("GET /b", answer={"status": "done"}),
        entry("GET /a", answer={"status": "finished"}),
    )
    assert waits(found) == [
        ("/a", "status == 'finished'"),
        ("/b", "status == 'done'"),
        ("/a", "status == 'finished'"),
    ]

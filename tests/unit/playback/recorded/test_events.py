from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from recordings import exchanged, write_events

from profcov.errors import ProfileFormatError
from profcov.playback.formats import load
from profcov.playback.profile import JobsWait

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "us small"


def test_events_are_played_in_the_order_of_their_answers(folder: Path) -> None:
    first, second = exchanged(1, "POST http://h:1/a?x=1", jsonPayload='{"n": 1}'), exchanged(2, "get b")
    loaded = load(write_events(folder, first[0], second[0], second[1], first[1], {"stage": "note"}))
    get, post = loaded.profile.steps
    assert (loaded.profile.slug, loaded.profile.base_url, loaded.format) == ("us-small", "http://h:1", "events")
    assert (get.request.method, get.request.path) == ("GET", "/b")
    assert (post.request.path, post.request.query, post.request.json) == ("/a", {"x": ("1",)}, {"n": 1})


def test_only_what_was_answered_with_success_is_played(folder: Path) -> None:
    failed, asked = exchanged(1, "GET /a", 500), exchanged(3, "GET /c")[:1]
    loaded = load(write_events(folder, *failed, *exchanged(2, "GET /b", 204), *asked))
    assert [(step.request.path, step.expect.status) for step in loaded.profile.steps] == [("/b", (204,))]
    assert loaded.notes == (
        "line 1: left out: GET /a was not answered with success",
        "line 5: left out: GET /c was not answered",
    )


def test_the_recorded_run_is_the_replays_own(folder: Path) -> None:
    path = write_events(
        folder,
        *exchanged(1, "POST /create"),
        *exchanged(2, "GET /runs/old-run/cfg/"),
        *exchanged(3, "POST /runs/old-run/cfg/build", jsonPayload='{"run": "old-run", "old-run": 1}'),
    )
    first, second, third = load(path).profile.steps
    assert first.save["run_id"].document() == {"anywhere": '/runs/([^/?#"\'<>\\s]+)|"run_?[iI]d"\\s*:\\s*"([^"]+)"'}
    assert second.request.path == "/runs/{run_id}/cfg/"
    assert third.request.json == {"run": "{run_id}", "old-run": 1}
    assert load(path, {"run_id": "mine"}).profile.steps[0].save == {}


def test_a_recording_that_begins_inside_a_run_needs_the_replays(folder: Path) -> None:
    path = write_events(folder, *exchanged(1, "GET /runs/old/cfg/"), *exchanged(2, "GET /runs/old"))
    loaded = load(path)
    assert [step.request.path for step in loaded.profile.steps] == ["/runs/{run_id}/cfg/", "/runs/{run_id}"]
    assert loaded.profile.secrets["run_id"].env == "US_SMALL_RUN_ID"
    assert "the recording begins inside run old: give the replay's own with --var run_id=" in loaded.notes[0]
    assert load(path, {"run_id": "mine"}).notes == ()


def test_what_is_only_like_the_runs_id_stays(folder: Path) -> None:
    path = write_events(
        folder,
        *exchanged(1, "POST /runs/create"),
        *exchanged(2, "GET /runs/12/cfg?page=12"),
        *exchanged(3, "POST /pages/12", jsonPayload='{"years": 12, "page": "12", "runid": "12", "run_id": 12}'),
        *exchanged(4, "GET /runs/12"),
    )
    create, shown, posted, last = load(path).profile.steps
    assert list(create.save) == ["run_id"]
    named = re.compile(create.save["run_id"].document()["anywhere"])
    assert [named.search(text) for text in ("http://h/runs/create", "/runs/create/", "'/runs/create'")] == [None] * 3
    assert [named.search(text)[1] for text in ("/runs/r-7/cfg", "/runs/created", "/runs/create /runs/r")] == [
        "r-7",
        "created",
        "r",
    ]
    assert (create.request.path, last.request.path) == ("/runs/create", "/runs/{run_id}")
    assert (shown.request.path, shown.request.query) == ("/runs/{run_id}/cfg", {"page": ("12",)})
    assert posted.request.path == "/pages/12"
    assert posted.request.json == {"years": 12, "page": "12", "runid": "{run_id}", "run_id": 12}


def test_a_word_after_runs_is_no_id_unless_something_else_has_it(folder: Path) -> None:
    path = write_events(
        folder,
        *exchanged(1, "POST /runs/create/now", body="<a href='/runs/old-run/'>", headers={"Content-Type": "text/html"}),
        *exchanged(2, "GET /runs/old-run/cfg"),
    )
    assert [step.request.path for step in load(path).profile.steps] == ["/runs/create/now", "/runs/{run_id}/cfg"]


@pytest.mark.parametrize("endpoint", ["//[x", "//host/x", "http://[x/"])
def test_an_endpoint_that_is_neither_a_path_nor_a_url_is_refused(folder: Path, endpoint: str) -> None:
    with pytest.raises(ProfileFormatError, match=r"line 1: endpoint: .* is neither a path nor a URL of HTTP"):
        load(write_events(folder, *exchanged(1, f"GET {endpoint}")))


def test_jobs_are_waited_for_before_the_next_get(folder: Path) -> None:
    loaded = load(
        write_events(
            folder,
            *exchanged(1, "POST /a"),
            *exchanged(2, "POST /b"),
            *exchanged(3, "GET /c"),
            *exchanged(4, "GET /d"),
            *exchanged(5, "POST /e"),
        )
    )
    assert [step.wait for step in loaded.profile.steps] == [None, JobsWait(), None, None, None]


def test_what_an_answer_has_is_correlated(folder: Path) -> None:
    loaded = load(
        write_events(
            folder,
            *exchanged(
                1, "POST /create", body='{"runid": "aaaa1111bbbb"}', headers={"Content-Type": "application/json"}
            ),
            *exchanged(2, "GET /runs/aaaa1111bbbb/cfg/"),
        )
    )
    assert loaded.profile.steps[0].save["runid"].document() == "runid"


def test_uploads_are_the_seeds_that_fit_or_those_of_the_hints(folder: Path) -> None:
    path = write_events(folder, *exchanged(1, "POST /runs/r/cfg/tasks/upload_sbs", bodyType="form-data"))
    with pytest.raises(ProfileFormatError, match=r"line 1: .*fits /runs/r/cfg/tasks/upload_sbs: .*events.profcov.yaml"):
        load(path)
    seeds = path.parent / "seed" / "uploads" / "sbs"
    seeds.mkdir(parents=True)
    (seeds / "input_upload_sbs.tif").write_bytes(b"tif")
    (upload,) = load(path).profile.steps[0].request.files["input_upload_sbs"]
    assert (upload.name, upload.read()) == ("input_upload_sbs.tif", b"tif")
    hints = folder / "capture/events.profcov.yaml"
    hints.write_text("forms: {tasks/upload_sbs: {form: {mode: 1}, files: {map: sbs/input_upload_sbs.tif}}}")
    request = load(path).profile.steps[0].request
    assert (request.form, list(request.files)) == ({"mode": ("1",)}, ["map"])
    hints.write_text("forms: {tasks/upload_sbs: {files: {map: no.tif}}}")
    with pytest.raises(ProfileFormatError, match=r"there is no file .*no.tif, which the hints name"):
        load(path)

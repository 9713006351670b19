from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from recordings import exchanged, write_events

from profcov.errors import ProfileFormatError
from profcov.playback.formats.writer import write_profile
from profcov.playback.loading import load
from profcov.playback.scenario.model import JobsWait

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


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


def test_an_answer_belongs_to_the_last_request_before_it_that_has_its_id(folder: Path) -> None:
    (left, _), again = exchanged(1, "POST /orders/delete-all"), exchanged(1, "GET /a")
    loaded = load(write_events(folder, left, *again, *exchanged(1, "GET /b")))
    assert [str(step.name) for step in loaded.profile.steps] == ["GET /a", "GET /b"]
    assert loaded.notes == ("line 1: left out: POST /orders/delete-all was not answered",)


def test_an_answer_that_was_written_before_its_request_belongs_to_the_first_after_it(folder: Path) -> None:
    (asked, answer), later = exchanged(1, "GET /a"), exchanged(1, "POST /b", 500)
    loaded = load(write_events(folder, answer, asked))
    assert [step.name for step in loaded.profile.steps] == ["GET /a"]
    loaded = load(write_events(folder, answer, *later, *exchanged(2, "GET /c")))
    assert [step.name for step in loaded.profile.steps] == ["GET /c"]
    assert loaded.notes == (
        "line 1: left out: an answer to something, whose request was not recorded",
        "line 2: left out: POST /b was not answered with success",
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
    assert [
        match[1] for text in ("/runs/r-7/cfg", "/runs/created", "/runs/create /runs/r") if (match := named.search(text))
    ] == [
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
def test_an_endpoint_that_is_neither_a_path_nor_a_url_is_left_out(folder: Path, endpoint: str) -> None:
    loaded = load(write_events(folder, *exchanged(1, f"GET {endpoint}"), *exchanged(2, "GET /a")))
    assert [step.request.path for step in loaded.profile.steps] == ["/a"]
    assert loaded.notes == (f"line 1: left out: endpoint: {endpoint!r} is neither a path nor a URL of HTTP",)


def test_no_note_has_the_user_of_a_url(folder: Path) -> None:
    loaded = load(
        write_events(
            folder,
            *exchanged(1, "GET https://ada:s3cret@h/a?token=s3cret", 500),
            *exchanged(2, "GET ftp://s3cret@h/b?token=s3cret"),
            *exchanged(3, "GET https://ada:s3cret@h/c"),
        )
    )
    assert [step.request.path for step in loaded.profile.steps] == ["/c"]
    assert loaded.notes == (
        "line 1: left out: GET https://ada:***@h/a was not answered with success",
        "line 3: left out: endpoint: 'ftp://***@h/b' is neither a path nor a URL of HTTP",
    )


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
    with pytest.raises(ProfileFormatError, match=r"line 1: .*no file under .*/seed/uploads fits .*events.profcov.yaml"):
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


def uploads(folder: Path, name: str) -> Path:
    """Make a file that was uploaded, and return its path."""
    path = folder / "capture" / "seed" / "uploads" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"tif")
    return path


def test_the_query_that_only_the_answer_has_is_sent(folder: Path) -> None:
    asked = [exchanged(n, f"GET {path}") for n, path in enumerate(("/a", "/b?x=1", "/c?x=1", "/d", "/e"))]
    finals = ["http://h/a?u=SI&u=m&_=17", "/b?x=1&y=2", "/c?x=2", "/login?next=d", None]
    for (_, answer), final in zip(asked, finals, strict=True):
        answer["endpoint"] = final
    steps = load(write_events(folder, *(event for each in asked for event in each))).profile.steps
    assert [(step.request.path, step.request.query) for step in steps] == [
        ("/a", {"u": ("SI", "m"), "_": ("17",)}),
        ("/b", {"x": ("1",), "y": ("2",)}),
        ("/c", {"x": ("1",)}),
        ("/d", {}),
        ("/e", {}),
    ]


def test_a_request_whose_parameters_are_not_recorded_is_not_sent_without_them(folder: Path) -> None:
    lost, kept = exchanged(1, "GET /a"), exchanged(2, "GET /b")
    lost[0]["params"], kept[0]["params"] = ["units", "_"], ["_"]
    loaded = load(write_events(folder, *lost, *kept))
    assert [step.request.path for step in loaded.profile.steps] == ["/b"]
    assert loaded.profile.lacks == ("line 1: left out: GET /a: the values of its parameters are not recorded: units",)
    assert loaded.notes == loaded.profile.lacks


def test_the_values_of_a_form_are_its_fields_and_its_other_keys_are_files(folder: Path) -> None:
    meta: dict[str, Any] = {
        "hasBody": True,
        "bodyType": "form-data",
        "formKeys": ["mode", "layer", "map"],
        "formValues": {"mode": "1", "layer": ["a", "b"]},
    }
    path = write_events(folder, *exchanged(1, "POST /rq/api/build_landuse", **meta))
    loaded = load(path)
    request = loaded.profile.steps[0].request
    assert (request.form, request.files, request.multipart) == ({"mode": ("1",), "layer": ("a", "b")}, {}, True)
    (note,) = loaded.notes
    assert note.startswith("line 1: POST /rq/api/build_landuse is sent without map: no file under ")
    uploads(folder, "landuse/other.tif")
    uploads(folder, "far/map.tif")
    loaded = load(path)
    request = loaded.profile.steps[0].request
    assert [upload.name for upload in request.files["map"]] == ["map.tif"]
    assert (list(request.files), request.form["mode"], loaded.notes) == (["map"], ("1",), ())


@pytest.mark.parametrize(
    "meta",
    [
        {"hasBody": True, "bodyType": "object"},
        {"hasBody": True},
        {"hasBody": "true"},
        {"hasBody": True, "bodyType": "json", "bodyPreview": "[unserializable json]"},
        {"hasBody": True, "bodyType": "json", "bodyPreview": f'"{"x" * 254}"'},
        {"hasBody": True, "bodyType": "text", "bodyPreview": "x" * 256, "bodyLength": 300},
        {"hasBody": True, "bodyType": "form-data", "formKeys": ["map"]},
        {"hasBody": None, "bodyType": {"odd": 1}, "bodyPreview": "{}"},
    ],
)
def test_a_body_that_is_not_recorded_is_never_sent_as_none(folder: Path, meta: dict[str, Any]) -> None:
    loaded = load(write_events(folder, *exchanged(1, "POST /a/b", **meta), *exchanged(2, "POST /c", hasBody=False)))
    assert [step.request.path for step in loaded.profile.steps] == ["/c"]
    (note,) = loaded.profile.lacks
    assert loaded.notes == (note,)
    assert re.fullmatch(r"line 1: left out: POST /a/b: it has sent a .* under forms in events\.profcov\.yaml", note)
    (folder / "capture/events.profcov.yaml").write_text("forms: {a/b: {form: {mode: 4}}}")
    hinted = load(folder / "capture/events.jsonl")
    assert [(step.request.path, step.request.form) for step in hinted.profile.steps] == [
        ("/a/b", {"mode": ("4",)}),
        ("/c", {}),
    ]
    assert hinted.profile.steps[0].request.multipart == (meta.get("bodyType") == "form-data")
    assert hinted.profile.lacks == ()


@pytest.mark.parametrize(
    ("meta", "sent"),
    [
        ({"bodyType": "json", "bodyPreview": '{"mode":4}'}, ({"mode": 4}, {}, None)),
        ({"bodyType": "text", "bodyPreview": "<a/>", "bodyLength": 4}, (None, {}, "<a/>")),
        ({"bodyType": "text", "bodyPreview": "x" * 256, "bodyLength": 256}, (None, {}, "x" * 256)),
        ({"bodyType": "text", "bodyPreview": "a=1&b=%20"}, (None, {"a": ("1",), "b": (" ",)}, None)),
        ({"bodyType": "json", "jsonPayload": {"mode": 4}}, ({"mode": 4}, {}, None)),
    ],
)
def test_a_preview_that_is_the_whole_body_is_sent(folder: Path, meta: dict[str, Any], sent: object) -> None:
    request = load(write_events(folder, *exchanged(1, "POST /a", hasBody=True, **meta))).profile.steps[0].request
    assert (request.json, request.form, request.data) == sent


JOB = "1c5e2a7e-6f0e-4d4b-9a5e-0d7a3a9f1b11"


def test_a_recorded_job_is_not_asked_for_and_the_replays_own_are(folder: Path) -> None:
    loaded = load(
        write_events(
            folder,
            *exchanged(1, "POST /app/rq/build"),
            *exchanged(2, f"GET /app/rq/jobstatus/{JOB}?_=1"),
            *exchanged(3, f"GET /app/jobs/{JOB}/status"),
            *exchanged(4, "GET /app/report"),
            *exchanged(5, "POST /app/rq/run"),
        )
    )
    own = JobsWait(path="/app/rq/jobstatus/{job_id}")
    assert [(step.request.path, step.wait) for step in loaded.profile.steps] == [
        ("/app/rq/build", own),
        ("/app/report", None),
        ("/app/rq/run", own),
    ]
    assert loaded.notes == (
        "left out: 2 requests for the state of a job by its recorded id: a replay waits for its own jobs",
    )
    (folder / "a.yaml").write_text(write_profile(loaded.profile).text)
    assert [step.wait for step in load(folder / "a.yaml").profile.steps] == [own, None, own]


def test_a_job_that_an_answer_named_is_asked_for_by_the_id_that_it_has_then(folder: Path) -> None:
    loaded = load(
        write_events(
            folder,
            *exchanged(1, "POST /build", body={"job_id": JOB}, headers={"Content-Type": "application/json"}),
            *exchanged(2, f"GET /jobstatus/{JOB}", body='{"status": "finished"}'),
        )
    )
    assert [step.request.path for step in loaded.profile.steps] == ["/build", "/jobstatus/{job_id}"]
    assert loaded.profile.steps[0].wait == JobsWait(path="/jobstatus/{job_id}")


def test_the_hints_name_the_path_that_shows_a_jobs_state(folder: Path) -> None:
    path = write_events(folder, *exchanged(1, "POST /a"))
    assert load(path).profile.steps[0].wait is None
    hints = folder / "capture/events.profcov.yaml"
    hints.write_text("jobs: '/jobs/{job_id}'")
    assert load(path).profile.steps[0].wait == JobsWait(path="/jobs/{job_id}")
    hints.write_text("jobs: '/jobs/{id}'")
    with pytest.raises(ProfileFormatError, match="jobs: unknown variable 'id'"):
        load(path)


def test_an_odd_line_refuses_no_other(folder: Path) -> None:
    ok = exchanged(1, "GET /a")
    path = write_events(
        folder,
        {"event": "note"},
        [],
        {"stage": "request"},
        exchanged(2, "GET /lost")[1] | {"method": "GET", "endpoint": "/lost?token=s3cret"},
        *exchanged(3, "POST /b", jsonPayload="{"),
        *exchanged(4, f"GET /{'x/' * 100_000}"),
        *exchanged(5, "POST /c", jsonPayload='{"a": "\\ud800"}'),
        exchanged(6, "GET /d")[0],
        {"stage": "error", "id": "6", "error": {"status": 404}},
        {"stage": "request", "id": "7", "method": 5, "endpoint": "/e"},
        exchanged(7, "GET /e")[1],
        *exchanged(1, "GET /again"),
        ok[0] | {"timestamp": "yesterday"},
        ok[1] | {"status": "201", "headers": [], "body": 5, "timestamp": {}},
    )
    path.write_text(path.read_text() + "{\n")
    loaded = load(path)
    assert [(step.request.path, step.expect.status) for step in loaded.profile.steps] == [
        ("/again", (200,)),
        ("/a", (201,)),
    ]
    assert [note.removeprefix("line ")[:60] for note in loaded.notes] == [
        "1: left out: stage: missing",
        "2: left out: must be a mapping, not empty list",
        "3: left out: id: missing",
        "4: left out: an answer to GET /lost, whose request was not r",
        "5: left out: requestMeta.jsonPayload: '{' is not JSON",
        "11: left out: GET /d was not answered with success",
        "13: left out: method: must be text, not 5",
        "19: left out: column 2: not JSON: Expecting property name en",
        "7: left out: its address has 200,001 characters: more than 1",
        "9: left out: a text has half of a surrogate pair",
    ]
    assert loaded.profile.lacks == loaded.notes[-2:]  # both were answered, so that the profile is not whole without


def test_the_run_that_events_name_is_the_replays_own_though_it_is_asked_for_once(folder: Path) -> None:
    events = [event | {"runId": "old"} for event in exchanged(1, "GET /runs/old/cfg/")]
    assert load(write_events(folder, *events)).profile.steps[0].request.path == "/runs/{run_id}/cfg/"

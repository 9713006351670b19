from __future__ import annotations

import base64
import gzip
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from flask import Response, abort, redirect, request, session
from recordings import entry, exchanged, write_events, write_har
from stops import NotedWaits

from profcov.playback.loading import load
from profcov.playback.player.options import PlayOptions
from profcov.playback.player.play import play

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from redis import Redis
    from tests.integration.playback.conftest import Seen
    from warm import Commands

    Run = Callable[..., subprocess.CompletedProcess[str]]

RECORDINGS = Path(__file__).parent / "recordings"
PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "record.md"
ENABLED = {"ENABLE_PROFILE_COVERAGE": "1"}


@pytest.fixture
def profiles(tmp_path: Path, commands: Commands) -> Run:
    """Run ``profcov profiles`` in ``tmp_path``."""
    return lambda *words: commands.run(["profiles", *map(str, words)], tmp_path, os.environ)


def make_shop(server: Any) -> None:
    """Add a shop with a login form, CSRF tokens, ETags, ids and redirects, each new for each visitor."""
    server.app.secret_key = "shop"
    add_login(server)
    add_items(server)


def make_token(server: Any) -> str:
    return f"t0k3n{abs(hash((server.url, len(server.requests)))):x}"


def add_login(server: Any) -> None:
    def form() -> str:
        session["csrf"] = make_token(server)
        return f'<form method="post"><input type="hidden" name="csrf" value="{session["csrf"]}"></form>'

    def login() -> Any:
        if request.form["csrf"] != session["csrf"] or request.form["password"] != "correct horse":
            abort(403, f"wrong password {request.form['password']}")
        session["user"] = "ada"
        return redirect("/home", 303)

    def home() -> str:
        return f'<meta name="csrf-token" content="{session["csrf"]}"> hello {session["user"]}'

    server.answer("/login", form)
    server.answer("/login", login, method="POST")
    server.answer("/home", home)


def add_items(server: Any) -> None:
    items: dict[str, str] = {}

    def create() -> Any:
        if request.headers["X-CSRF-Token"] != session["csrf"]:
            abort(403)
        item = f"item-{len(items) + 100}-{server.url[-5:]}"
        items[item] = f'"{make_token(server)}"'
        return {}, 201, {"Location": f"/items/{item}"}

    def show(item: str) -> Any:
        return {"name": "lamp"}, 200, {"ETag": items[item]}

    def change(item: str) -> Any:
        return {} if request.headers["If-Match"] == items[item] else abort(412)

    server.answer("/items", create, method="POST")
    server.answer("/items/<item>", show)
    server.answer("/items/<item>", change, method="PUT")


def visit(url: str, session: requests.Session) -> None:
    """Do in the shop what a browser would."""
    page = session.get(f"{url}/login").text
    csrf = page.partition('value="')[2].partition('"')[0]
    session.post(f"{url}/login", data={"csrf": csrf, "password": "correct horse"}).raise_for_status()
    made = session.post(f"{url}/items", json={"name": "lamp"}, headers={"X-CSRF-Token": csrf})
    item = url + made.headers["Location"]
    tag = session.get(item).headers["ETag"]
    session.put(item, json={"name": "lamp"}, headers={"If-Match": tag}).raise_for_status()


def record(url: str, path: Path) -> None:
    """Record a visit with the test client's hook of the how-to."""
    hook = PAGE.read_text().partition("<!-- file: har_hook.py -->\n```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(hook, names)
    with requests.Session() as session, names["recorded"](session, path):
        visit(url, session)


def test_a_visit_is_replayed_against_another_instance(
    tmp_path: Path, serve: Callable[..., Seen], playback: Run, profiles: Run
) -> None:
    first, second = serve(), serve()
    make_shop(first)
    make_shop(second)
    record(first.url, tmp_path / "visit.har")
    assert {each.variable for each in load(tmp_path / "visit.har").correlations} == {"csrf", "item_id", "etag"}
    played = playback("visit.har", "--base-url", second.url)
    assert (played.returncode, played.stderr) == (0, f"visit: 6 requests, 0 jobs, {played.stderr.split()[-2]} s\n")
    assert [(method, path.split("-")[0]) for method, path, _ in second.requests] == [
        (method, path.split("-")[0]) for method, path, _ in first.requests
    ]

    converted = profiles("convert", "visit.har", "-o", "yaml")
    assert converted.stdout == "yaml/visit.yaml\n"
    assert "visit: password is taken from the environment: set VISIT_PASSWORD" in converted.stderr
    assert "correct horse" not in (tmp_path / "yaml/visit.yaml").read_text()
    again = playback("yaml", "--base-url", second.url, VISIT_PASSWORD="correct horse")
    assert (again.returncode, again.stdout) == (0, "")


def test_a_secret_is_in_no_message(tmp_path: Path, serve: Callable[..., Seen], playback: Run, profiles: Run) -> None:
    server = serve()
    make_shop(server)
    record(server.url, tmp_path / "visit.har")
    profiles("convert", "visit.har", "-o", "yaml")
    unset = playback("yaml")
    assert (unset.returncode, "the environment has no VISIT_PASSWORD: set it" in unset.stderr) == (2, True)
    before = len(server.requests)
    wrong = playback("yaml", VISIT_PASSWORD="staple battery")
    assert wrong.returncode == 1
    assert "expected status 303, got 403" in wrong.stderr
    assert "wrong password ***" in wrong.stderr
    assert "staple" not in wrong.stderr
    assert len(server.requests) == before + 2


def test_a_har_that_was_not_made_for_this_project_is_listed_checked_and_shown(profiles: Run) -> None:
    har = RECORDINGS / "httpbin.har"
    assert profiles("list", RECORDINGS).stdout == f"httpbin\thar\t12\t{har}\n"
    assert profiles("check", har).stdout == (
        f"{har}: note: left out: a static file: 1 request\n{har}: httpbin: 12 requests, well-formed\n"
    )
    shown = profiles("show", har).stdout.splitlines()
    assert shown[0] == "httpbin  har  http://127.0.0.1:8765"
    assert shown[7] == "    7  PUT /anything/{uuid}?token  json  expect 200"
    correlations = profiles("show", "--correlations", har).stdout.splitlines()[1:]
    assert [line.split(" = ")[0] for line in correlations] == ["  uuid"]
    assert correlations[0].endswith(": step 6, 'uuid' -> step 7 path segment 2, step 7 json id")


def test_each_problem_is_a_line_and_the_exit_code_is_2(tmp_path: Path, profiles: Run) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all/a.har").write_text("{")
    (tmp_path / "all/b.yaml").write_text("slug: b\nsteps: 7")
    (tmp_path / "all/c.yaml").write_text("slug: c\nsteps: [{name: a, request: {path: /a}}]")
    for word in ("list", "check", "show"):
        done = profiles(word, "all")
        assert done.returncode == 2
        assert [line.split(":")[1].strip() for line in done.stderr.splitlines()] == ["all/a.har", "all/b.yaml"]
        assert done.stdout
    refused = profiles("convert", "all", "-o", "out")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert not (tmp_path / "out").exists()


def test_convert_replaces_files_only_with_the_option(tmp_path: Path, profiles: Run) -> None:
    har = RECORDINGS / "httpbin.har"
    assert profiles("convert", har, "-o", "out").returncode == 0
    assert (tmp_path / "out/httpbin.uploads/dem.asc").read_text() == "1 2 3"
    again = profiles("convert", har, "-o", "out")
    assert again.returncode == 2
    assert "httpbin.yaml exists already: remove it, or replace it with --force" in again.stderr
    made = tmp_path / "out/httpbin.yaml"
    before = made.read_text()
    made.write_text("mine")
    (tmp_path / "kept").hardlink_to(made)
    assert profiles("convert", har, "-o", "out", "--force").returncode == 0
    assert (made.read_text(), (tmp_path / "kept").read_text()) == (before, "mine")  # replaced whole, not written over
    (tmp_path / "file").touch()
    refused = profiles("convert", har, "-o", "file/out")
    assert refused.returncode == 3
    assert refused.stderr.startswith("profcov: cannot write file/out/httpbin.yaml: ")


def test_show_and_check_print_no_secret(tmp_path: Path, profiles: Run) -> None:
    write_har(
        tmp_path / "shop.har",
        entry("POST http://ada:s3cret-pw@h/login", answer={"jwt": "s3cret123.abc", "v": "s3cret456def"}),
        entry("POST http://ada:s3cret-pw@h/more", answer="key: other123456 " * 20 + "key: s3cret789xyz"),
        entry("GET http://h/a", headers={"Authorization": "Bearer s3cret123.abc", "X-Api-Key": "s3cret456def"}),
        entry("GET http://h/b\x1b", headers={"Authorization": "Bearer s3cret789xyz"}),
    )
    (tmp_path / "shop.profcov.yaml").write_text("base_url: 'http://ada:s3cret-pw@h'")
    told = [profiles(*words, "shop.har") for words in (("show",), ("show", "--correlations"), ("check",))]
    assert [each.returncode for each in told] == [0, 0, 0]
    assert [each.stdout for each in told if "s3cret" in each.stdout + each.stderr] == []
    assert told[0].stdout.splitlines()[0] == "shop  har  http://ada:***@h"
    assert "\\x1b" in told[0].stdout
    assert "v = ***: step 1, 'v' -> step 3 header X-Api-Key" in told[1].stdout
    assert "ambiguous: *** in step 4 header Authorization" in told[1].stdout


def test_a_wait_without_a_path_asks_the_steps_own_request_again(
    tmp_path: Path, serve: Callable[..., Seen], playback: Run
) -> None:
    server = serve()
    answers = iter([{"status": "queued"}, {"status": "started"}, {"status": "finished", "result": 7}])
    server.answer("/job", lambda: next(answers))
    server.answer("/results/<number>", lambda number: number)
    (tmp_path / "a.yaml").write_text(
        "slug: a\nsteps:\n"
        "- {name: job, request: {path: /job, headers: {X-Key: k}}, wait: {until: \"status == 'finished'\"}, "
        "expect: {json: {status: finished}}, save: {result: result}}\n"
        "- {name: result, request: {path: '/results/{result}', headers: {Referer: '{server}/x'}}}\n"
    )
    assert playback("a.yaml", "--base-url", server.url).returncode == 0
    assert [(path, headers.get("X-Key")) for _, path, headers in server.requests] == [
        *[("/job", "k")] * 3,
        ("/results/7", None),
    ]
    assert server.requests[-1][2]["Referer"] == f"{server.url}/x"


def test_a_job_that_a_captured_answer_named_is_waited_for_without_redis(
    tmp_path: Path, serve: Callable[..., Seen]
) -> None:
    server, states = serve(), iter(["started", "finished", "finished"])
    server.answer("/build", lambda: {"job_id": "the-replays-own-1"}, "POST")
    server.answer("/jobstatus/the-replays-own-1", lambda: {"status": next(states)})
    recorded = "1c5e2a7e-6f0e-4d4b-9a5e-0d7a3a9f1b11"
    events = write_events(
        tmp_path / "shop",
        *exchanged(1, "POST /build", body={"job_id": recorded}, headers={"Content-Type": "application/json"}),
        *exchanged(2, f"GET /jobstatus/{recorded}", body='{"status": "finished"}'),
    )
    play(load(events).profile, PlayOptions(base_url=server.url))
    assert [path for _, path, _ in server.requests] == ["/build", *["/jobstatus/the-replays-own-1"] * 3]


def test_pauses_are_played_if_that_is_wanted(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server, stop = serve(), NotedWaits()
    server.answer("/x", lambda: "")
    har = write_har(
        tmp_path / "shop.har",
        *(entry(f"GET {server.url}/x", startedDateTime=f"2026-01-01T00:00:{second}Z") for second in ("00", "03")),
    )
    play(load(har).profile, PlayOptions(think_time=0.1), stop=stop)
    assert stop.seconds == [pytest.approx(0.3)]


def test_a_raw_body_arrives_byte_for_byte_from_a_har_and_from_what_it_is_converted_to(
    tmp_path: Path, serve: Callable[..., Seen], playback: Run, profiles: Run
) -> None:
    server, seen = serve(), []

    def take() -> str:
        seen.append((request.mimetype, request.headers.get("Content-Encoding"), request.get_data()))
        return ""

    server.answer("/raw", take, method="POST")
    bodies = [bytes(range(256)), gzip.compress(b'{"a": 1}', mtime=0)]
    kinds = [{"Content-Type": "image/tiff"}, {"Content-Type": "application/json", "Content-Encoding": "gzip"}]
    har = write_har(
        tmp_path / "shop.har",
        *(
            entry(
                f"POST {server.url}/raw",
                headers=headers,
                post_data={"encoding": "base64", "text": base64.b64encode(body).decode()},
            )
            for headers, body in zip(kinds, bodies, strict=True)
        ),
    )
    assert profiles("convert", har, "-o", "out").returncode == 0
    assert playback(har).returncode == 0
    assert playback("out/shop.yaml").returncode == 0
    assert seen == [("image/tiff", None, bodies[0]), ("application/json", "gzip", bodies[1])] * 2


def test_no_answer_is_asked_for_in_a_coding_that_cannot_be_undone(
    tmp_path: Path, serve: Callable[..., Seen], playback: Run
) -> None:
    """The server has its answers in every coding that somebody asks for, and in gzip if it may choose."""
    server = serve()
    readable = requests.utils.default_headers()["Accept-Encoding"].split(", ")
    wanted = "gzip, deflate, br;q=0.9, zstd, dcb"

    def answer() -> Response:
        asked = [part.partition(";")[0].strip() for part in request.headers["Accept-Encoding"].split(",")]
        coding = next(
            (name for name in asked if name not in {*readable, "identity"}), "gzip" if "gzip" in asked else ""
        )
        response = Response(gzip.compress(b'{"a": 1}') if coding else b'{"a": 1}')
        response.headers |= {"Content-Encoding": coding} if coding else {}
        return response

    server.answer("/a", answer)
    unasked = Response(b"\x0b\x02\x80hello\x03", headers={"Content-Encoding": "dcb"})
    server.answer("/unasked", lambda: unasked)
    held = "expect: {json: {a: 1}}"
    (tmp_path / "a.yaml").write_text(
        f"slug: a\nsteps:\n- {{name: some, request: {{path: /a, headers: {{Accept-Encoding: '{wanted}'}}}}, {held}}}\n"
        f"- {{name: none, request: {{path: /a, headers: {{accept-encoding: '*, dcb'}}}}, {held}}}\n"
    )
    har = write_har(tmp_path / "b.har", entry(f"GET {server.url}/a", headers={"Accept-Encoding": wanted}))
    assert [playback(path, "--base-url", server.url).returncode for path in ("a.yaml", har)] == [0, 0]
    asked = [headers["Accept-Encoding"].replace(" ", "") for _, _, headers in server.requests]
    assert [
        name for part in asked for name in part.split(",") if name.partition(";")[0] not in {*readable, "identity"}
    ] == []
    assert asked[1] == "identity"
    (tmp_path / "c.yaml").write_text(f"slug: c\nsteps:\n- {{name: x, request: {{path: /unasked}}, {held}}}\n")
    ended = playback("c.yaml", "--base-url", server.url)
    assert "expected JSON, got a body in the coding 'dcb', which was not asked for and cannot be read" in ended.stderr


def test_a_multipart_form_arrives_as_it_was_recorded(tmp_path: Path, serve: Callable[..., Seen], playback: Run) -> None:
    server, seen = serve(), []

    def take() -> str:
        files = [(name, file.filename, file.mimetype, file.read()) for name, file in request.files.items(multi=True)]
        seen.append((request.mimetype, request.form.to_dict(flat=False), files))
        return ""

    server.answer("/form", take, method="POST")
    (tmp_path / "a.txt").write_text("1")
    (tmp_path / "a.yaml").write_text(
        "slug: a\nsteps:\n"
        "- {name: fields, request: {method: POST, path: /form, form: {a: [x, y]}, files: {}}}\n"
        "- {name: files, request: {method: POST, path: /form, form: {a: x}, "
        "files: {f: [a.txt, {path: a.txt, name: b.tif, type: image/tiff}]}}}\n"
        "- {name: plain, request: {method: POST, path: /form, form: {a: [x, y]}}}\n"
    )
    assert playback("a.yaml", "--base-url", server.url).returncode == 0
    assert seen == [
        ("multipart/form-data", {"a": ["x", "y"]}, []),
        (
            "multipart/form-data",
            {"a": ["x"]},
            [("f", "a.txt", "", b"1"), ("f", "b.tif", "image/tiff", b"1")],
        ),
        ("application/x-www-form-urlencoded", {"a": ["x", "y"]}, []),
    ]


def test_captured_events_wait_for_the_jobs_that_live_answers_name(
    tmp_path: Path,
    *,
    gunicorn: Callable[..., str],
    worker: Callable[..., None],
    redis: Redis,
    redis_url: str,
    playback: Run,
) -> None:
    url = gunicorn(**ENABLED, REDIS_URL=redis_url)
    write_events(tmp_path / "us", *exchanged(1, "POST /work", 202), *exchanged(2, "GET /work/done"))
    told = playback("us", "--base-url", url)
    assert told.returncode == 1
    assert (
        "but not how to wait for it: give --redis-url, or the path that shows its state "
        "(jobs in the hints of a recording, path beside jobs in YAML)" in told.stderr
    )
    worker(**ENABLED, REDIS_URL=redis_url)
    for flags in ([], ["--trace-code", "--data-dir", tmp_path / "data"]):
        redis.flushall()
        played = playback("us", "--base-url", url, "--redis-url", redis_url, *flags)
        assert (played.returncode, "us: 2 requests" in played.stderr) == (0, True), played.stderr
    (tmp_path / "us/capture/events.profcov.yaml").write_text("jobs: '/jobs/{job_id}'")
    redis.flushall()
    asked = playback("us", "--base-url", url)
    assert (asked.returncode, asked.stdout) == (0, ""), asked.stderr


def test_a_hook_writes_what_a_har_reader_takes(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server = serve()
    make_shop(server)
    record(server.url, tmp_path / "visit.har")
    log = json.loads((tmp_path / "visit.har").read_text())["log"]
    assert [entry["response"]["status"] for entry in log["entries"]] == [200, 303, 200, 201, 200, 200]


def test_a_har_that_was_not_made_for_this_project_can_be_planned(playback: Run) -> None:
    planned = playback(RECORDINGS, "--dry-run", "--base-url", "http://127.0.0.1:1")
    assert (planned.returncode, planned.stderr) == (0, "")
    lines = [line.split("\t") for line in planned.stdout.splitlines()]
    assert len(lines) == 12
    assert "http://127.0.0.1:1/anything/{uuid}?token=..." in lines[6]

from __future__ import annotations

import http.client
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GUNICORN = (
    *("-m", "gunicorn", "--bind=fd://{fd}", "--worker-class=gthread", "--threads=4", "--no-control-socket"),
    *("--log-level=critical", "serve_wsgi:app"),
)
WERKZEUG = ("-m", "serve_wsgi", "werkzeug", "once", "{fd}")
WSGIREF = ("-m", "serve_wsgi", "wsgiref", "once", "{fd}")
NEW = sys.version_info >= (3, 12)
SERVERS = {
    "gunicorn, ctrace": (GUNICORN, "ctrace"),
    "werkzeug": (WERKZEUG, "auto"),
    "wsgiref": (WSGIREF, "auto"),
    **({"gunicorn, monitoring": (GUNICORN, "monitoring")} if NEW else {}),
}
ANSWERS = {
    "list": {"app", "plain", "answer_list"},
    "tuple": {"app", "plain", "answer_tuple"},
    "generator": {"app", "plain", "answer_generator", "second_chunk"},
    "after": {"app", "plain", "answer_after", "after_the_last_chunk"},
    "no-chunk": {"app", "plain", "answer_no_chunk", "after_the_last_chunk"},
    "empty": {"app", "answer_empty"},
    "write": {"app", "plain", "answer_write"},
    "keywords": {"app", "plain", "answer_keywords"},
    "exc-info": {"app", "plain", "answer_exc_info", "fail"},
    "exc-info-too-late": {"app", "plain", "answer_exc_info_too_late", "fail"},
    "closing": {"app", "plain", "answer_closing", "__init__", "__iter__", "close"},
    "sized": {"app", "plain", "answer_sized", "__init__", "__iter__", "close"},
    "closing-list": {"app", "plain", "answer_closing_list", "close", "close_list"},
    "closing-error": {"app", "plain", "answer_closing_error", "__init__", "__iter__", "close", "broken_chunks"},
    "error": {"app", "answer_error"},
    "error-in-body": {"app", "plain", "answer_error_in_body", "broken_chunks"},
    "iter-error": {"app", "plain", "answer_iter_error", "__init__", "__iter__", "close"},
    "echo": {"app", "plain", "answer_echo"},
    "big": {"app", "plain", "answer_big"},
    "file": {"app", "plain", "answer_file"},
    "text-file": {"app", "plain", "answer_text_file"},
    "closing-file": {"app", "plain", "answer_closing_file", "close", "close_file"},
}
"""What each answer runs, from the call to the close."""
LEFT_TO_THE_SERVER = {"error", "iter-error"}
"""Where the application fails before anything was sent, and the server answers."""
MAY_ASK_LENGTH = {"sized": {"__len__"}}


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, serve: Callable[..., Any]) -> Any:
    words, engine = SERVERS[request.param]
    return serve(*words, PROFILE_COVERAGE_ENGINE=engine)


def strip(raw: bytes) -> tuple[bytes, list[bytes]]:
    """Return an answer without its date and its trace status, and the latter."""
    head, gap, body = raw.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"date:")]
    status = [line for line in lines if line.lower().startswith(b"x-profile-trace-status:")]
    return b"\r\n".join(line for line in lines if line not in status) + gap + body, status


@pytest.mark.parametrize("path", ANSWERS)
def test_exactly_what_ran_for_a_request_is_in_its_artifact(server: Any, path: str) -> None:
    server.get("/slug")
    server.exchange(f"/{path}", path)
    found = server.combined(path) - MAY_ASK_LENGTH.get(path, set())
    assert found == ANSWERS[path]


def test_an_answer_with_the_header_is_byte_for_byte_the_one_without_but_for_the_status_header(server: Any) -> None:
    pairs = 0
    for path in ANSWERS:
        for method in ("GET", "HEAD", "POST"):
            plain, none = strip(server.exchange(f"/{path}", None, method, b"body"))
            assert plain
            assert none == []
            for slug, said in (*[("same", b"traced")] * 3, ("not/one", b"rejected; invalid slug")):
                answer, status = strip(server.exchange(f"/{path}", slug, method, b"body"))
                assert answer == plain, path
                # A set: gunicorn adds the headers of a second start_response to those of the first.
                assert set(status) == {b"X-Profile-Trace-Status: " + said} or path in LEFT_TO_THE_SERVER, path
                pairs += 1
    assert pairs >= 200


def test_whoever_has_the_answer_finds_its_lines_on_disk(server: Any) -> None:
    for path in ("list", "generator", "after", "no-chunk", "write", "echo", "empty", "big"):
        for number in range(5):
            slug = f"at-once-{path}-{number}"
            server.get(f"/{path}", slug)
            found = server.functions(slug)
            assert ANSWERS[path] <= found, path


@pytest.mark.parametrize(("path", "function"), [("gate", "answer_gate"), ("gate-write", "answer_gate_write")])
def test_what_is_streamed_is_on_disk_before_the_client_has_it_and_readers_wait_for_the_rest(
    server: Any, tmp_path: Path, path: str, function: str
) -> None:
    gate = tmp_path / "gate"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"/{path}?{gate}", headers={"X-Profile-Trace": path})
    response = connection.getresponse()
    assert response.read(5) == b"first"
    found = server.functions(path)
    gate_is_shut = server.is_at_work_for(path)
    gate.touch()
    assert response.read() == b"second"
    connection.close()
    assert {"app", function} <= found
    assert "after_gate" not in found
    assert gate_is_shut
    assert server.combined(path) == {"app", "plain", function, "wait_for", "after_gate"}


def test_a_client_that_goes_away_blocks_nothing(server: Any, tmp_path: Path) -> None:
    slug = "gone-" + tmp_path.name[:60]
    gate = tmp_path / "gate"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"/gate?{gate}", headers={"X-Profile-Trace": slug})
    assert connection.getresponse().read(5) == b"first"
    connection.close()
    gate.touch()
    assert {"app", "answer_gate", "wait_for"} <= server.combined(slug)


@pytest.mark.parametrize("path", ["closing", "closing-error", "iter-error"])
def test_a_body_is_closed_exactly_once(server: Any, path: str) -> None:
    for slug in (None, "closed", "not/one"):
        token = f"{path}-{slug}".replace("/", "-")
        server.exchange(f"/{path}?{token}", slug)
        server.get("/slug")
        assert json.loads(server.get("/closed").body)[token] == 1, slug


def test_the_application_knows_its_slug_and_the_next_request_has_none(server: Any) -> None:
    assert server.get("/slug", "mine").body == b"mine"
    for _ in range(8):
        assert server.get("/slug").body == b"None"


@pytest.mark.parametrize("slug", ["", "..", "a b", "x" * 101, "a.coverage", "a\xe9", "one, two"])
def test_what_is_no_slug_is_rejected(server: Any, slug: str) -> None:
    answer = server.get("/list", slug)
    assert (answer.status, answer.body) == (200, b"one list")
    assert answer.trace_status == ["rejected; invalid slug"]


def test_a_length_is_kept(serve: Callable[..., Any]) -> None:
    server = serve(*WSGIREF)
    plain = server.get("/sized")
    traced = server.get("/sized", "demo")
    assert dict(plain.headers)["Content-Length"] == "5"
    assert dict(traced.headers)["Content-Length"] == "5"


def test_an_application_without_settings_answers_disabled_and_writes_nothing(serve: Callable[..., Any]) -> None:
    server = serve(*WSGIREF, ENABLE_PROFILE_COVERAGE="0")
    for path in ANSWERS:
        plain, none = strip(server.exchange(f"/{path}"))
        answer, status = strip(server.exchange(f"/{path}", "demo"))
        assert answer == plain
        assert none == []
        assert status == [b"X-Profile-Trace-Status: disabled"] or path in LEFT_TO_THE_SERVER
    assert not server.data.exists()


def test_a_server_that_cannot_measure_says_so_in_one_line_and_goes_on(serve: Callable[..., Any]) -> None:
    server = serve(*WSGIREF, PROFILE_COVERAGE_ENGINE="ctrace", PROFILE_COVERAGE_CONFIG=__file__)
    for _ in range(3):
        answer = server.get("/list", "demo")
        assert (answer.status, answer.body) == (200, b"one list")
        assert len(answer.trace_status) == 1
        assert answer.trace_status[0].startswith("unsupported; ")
    assert (server.directory / "log").read_text().count("cannot measure") == 1


def test_settings_that_make_no_sense_leave_the_server_as_it_is(serve: Callable[..., Any]) -> None:
    server = serve(*WSGIREF, PROFILE_COVERAGE_ENGINE="quantum")
    assert server.get("/list", "demo").trace_status == ["disabled"]
    assert (server.directory / "log").read_text().count("PROFILE_COVERAGE_ENGINE='quantum'") == 1


def test_twice_around_an_application_is_as_good_as_once(serve: Callable[..., Any]) -> None:
    server = serve("-m", "serve_wsgi", "wsgiref", "twice", "{fd}")
    for path in ("list", "generator", "write"):
        assert server.get(f"/{path}", path).trace_status == ["traced"]
        assert server.combined(path) == ANSWERS[path]


def test_the_standards_validator_finds_nothing_around_it_and_inside_it(serve: Callable[..., Any]) -> None:
    server = serve("-m", "serve_wsgi", "wsgiref", "validated", "{fd}", PYTHONWARNINGS="error")
    for path in ("list", "generator", "write", "exc-info", "closing", "text-file", "empty"):
        for slug in (None, "demo", "not/one"):
            plain = server.exchange(f"/{path}", slug)
            assert b" 500 Internal" not in plain[:30], (path, slug)
    assert "Traceback" not in (server.directory / "log").read_text()
    assert {"answer_write", "second_chunk", "close"} <= server.combined("demo")


def test_a_request_that_is_tried_again_is_traced_again(serve: Callable[..., Any]) -> None:
    server = serve("-m", "serve_wsgi", "wsgiref", "tried again", "{fd}")
    assert server.get("/error", "demo").trace_status == ["traced"]
    assert server.combined("demo") == ANSWERS["error"] | ANSWERS["list"]

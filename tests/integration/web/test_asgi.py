from __future__ import annotations

import http.client
import json
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest
from said import without_start_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENGINES = ("monitoring", "ctrace") if sys.version_info >= (3, 12) else ("ctrace",)
ANSWERS = {
    "plain": {"app", "start", "finish", "answer_plain"},
    "echo": {"app", "start", "finish", "answer_echo"},
    "stream": {"app", "start", "finish", "answer_stream", "last_chunk"},
    "no-headers": {"app", "finish", "answer_no_headers"},
    "error": {"app", "answer_error"},
    "error-in-body": {"app", "start", "answer_error_in_body"},
}


def start_uvicorn(serve: Callable[..., Any], app: str, engine: str = "auto", **environ: str) -> Any:
    words = ("-m", "uvicorn", "--fd={fd}", "--log-level=critical", f"asgi_app:{app}")
    return serve(*words, PROFILE_COVERAGE_ENGINE=engine, **environ)


@pytest.fixture(scope="module", params=ENGINES)
def server(request: pytest.FixtureRequest, serve: Callable[..., Any]) -> Any:
    return start_uvicorn(serve, "bare", request.param)


@pytest.fixture(scope="module", params=ENGINES)
def starlette(request: pytest.FixtureRequest, serve: Callable[..., Any]) -> Any:
    return start_uvicorn(serve, "starlette", request.param)


def strip(raw: bytes) -> tuple[bytes, list[bytes]]:
    """Return an answer without its date and its trace status, and the latter."""
    head, gap, body = raw.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"date:")]
    status = [line for line in lines if line.lower().startswith(b"x-profile-trace-status:")]
    return b"\r\n".join(line for line in lines if line not in status) + gap + body, status


@pytest.mark.parametrize("path", ANSWERS)
def test_exactly_what_ran_for_a_request_is_in_its_artifact(server: Any, path: str) -> None:
    server.get("/slug")
    server.exchange(f"/{path}", path, "POST", b"body")
    assert server.combined(path) == ANSWERS[path]


def test_an_answer_with_the_header_is_byte_for_byte_the_one_without_but_for_the_status_header(server: Any) -> None:
    pairs = 0
    for path in ANSWERS:
        for method in ("GET", "HEAD", "POST"):
            plain, none = strip(server.exchange(f"/{path}", None, method, b"body"))
            assert plain
            assert none == []
            for slug, said in (*[("same", b"traced")] * 9, *[("not/one", b"rejected; invalid slug")] * 3):
                answer, status = strip(server.exchange(f"/{path}", slug, method, b"body"))
                assert answer == plain, path
                assert status == [b"x-profile-trace-status: " + said] or path == "error"
                pairs += 1
    assert pairs >= 200


def test_whoever_has_the_answer_finds_its_lines_on_disk(server: Any) -> None:
    for path in ("plain", "stream", "echo"):
        for number in range(10):
            slug = f"at-once-{path}-{number}"
            server.get(f"/{path}", slug)
            found = server.functions(slug)
            assert ANSWERS[path] <= found, path


def test_what_is_streamed_is_on_disk_before_the_client_has_it_and_readers_wait_for_the_rest(
    server: Any, tmp_path: Path
) -> None:
    slug = "stream-" + tmp_path.name[:60]
    gate = tmp_path / "gate"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"/gate?{gate}", headers={"X-Profile-Trace": slug})
    response = connection.getresponse()
    assert response.read(5) == b"first"
    assert {"app", "start", "answer_gate"} <= server.functions(slug)
    assert server.is_at_work_for(slug)
    # Meanwhile others are served, and theirs is theirs.
    other = server.get("/slug", "other").body, server.get("/slug").body
    assert other == (b"other", b"None")
    gate.touch()
    assert response.read() == b"second"
    connection.close()
    assert server.combined(slug) == {"app", "start", "finish", "answer_gate", "wait_for", "after_gate"}
    assert server.combined("other") == {"app", "start", "finish", "answer_slug"}


def test_a_client_that_goes_away_blocks_nothing(server: Any, tmp_path: Path) -> None:
    slug = "gone-" + tmp_path.name[:60]
    gate = tmp_path / "gate"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", f"/gate?{gate}", headers={"X-Profile-Trace": slug})
    assert connection.getresponse().read(5) == b"first"
    connection.close()
    gate.touch()
    assert {"app", "start", "answer_gate", "wait_for", "after_gate"} <= server.combined(slug)


def test_whoever_is_around_the_middleware_reads_in_the_scope_what_the_application_put_there(server: Any) -> None:
    for slug in (None, "demo", "not/one"):
        server.get("/plain", slug)
        _, seen, keys = json.loads(server.get("/seen").body)
        assert seen[-1] == "answer_plain", slug
        assert "endpoint" in keys


def test_the_next_request_on_the_same_connection_has_no_slug(server: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    bodies = []
    for headers in ({"X-Profile-Trace": "mine"}, {}, {"X-Profile-Trace": "yours"}, {}):
        connection.request("GET", "/slug", headers=headers)
        bodies.append(connection.getresponse().read())
    connection.close()
    assert bodies == [b"mine", b"None", b"yours", b"None"]


def test_the_lifespan_is_untouched(serve: Callable[..., Any]) -> None:
    server = start_uvicorn(serve, "bare")
    assert json.loads(server.get("/seen", "demo").body)[0] == ["lifespan.startup"]
    assert server.combined("demo") == {"app", "start", "finish", "answer_seen"}
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) in {0, -signal.SIGTERM}
    assert without_start_line((server.directory / "log").read_text()) == ""


def test_twice_around_an_application_is_as_good_as_once(serve: Callable[..., Any]) -> None:
    server = start_uvicorn(serve, "twice")
    for path in ("plain", "stream"):
        assert server.get(f"/{path}", path).trace_status == ["traced"]
        assert server.combined(path) == ANSWERS[path]


def test_an_application_without_settings_answers_disabled_and_writes_nothing(serve: Callable[..., Any]) -> None:
    server = start_uvicorn(serve, "bare", ENABLE_PROFILE_COVERAGE="0")
    for path in ANSWERS:
        plain, none = strip(server.exchange(f"/{path}"))
        answer, status = strip(server.exchange(f"/{path}", "demo"))
        assert answer == plain
        assert none == []
        assert status == [b"x-profile-trace-status: disabled"] or path == "error"
    assert not server.data.exists()


def test_starlette_traces_through_add_middleware(starlette: Any) -> None:
    answer = starlette.get("/show/hello", "show")
    assert (answer.body, answer.trace_status) == (b"hello show", ["traced"])
    assert starlette.combined("show") == {"show"}
    answer = starlette.get("/stream", "stream")
    assert (answer.body, answer.trace_status) == (b"012", ["traced"])
    assert starlette.combined("stream") == {"stream", "numbers"}


def test_starlettes_worker_threads_follow_the_request(starlette: Any) -> None:
    assert starlette.get("/thread").body == b"thread None"
    for number in range(5):
        slug = f"thread-{number}"
        assert starlette.get("/thread", slug).body == f"thread {slug}".encode()
        assert starlette.get("/thread").body == b"thread None"
        assert starlette.combined(slug) == {"show_in_thread"}


def test_a_background_task_is_in_the_artifact_for_which_readers_wait(starlette: Any, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    slug = "background-" + tmp_path.name[:60]
    answer = starlette.get(f"/background?{gate}", slug, "POST")
    assert answer.body == b"accepted"
    assert starlette.is_at_work_for(slug)
    assert "done_later" not in starlette.functions(slug)
    gate.touch()
    assert starlette.combined(slug) == {"background", "work_later", "wait_for", "done_later"}


def test_an_error_goes_to_starlettes_own_handler_and_what_ran_is_kept(starlette: Any) -> None:
    plain, traced = starlette.get("/failing"), starlette.get("/failing", "failing")
    assert (plain.status, plain.body) == (traced.status, traced.body) == (500, b"Internal Server Error")
    assert starlette.combined("failing") == {"failing"}


def test_a_websocket_is_one_unit_of_work(run_python: Callable[..., Any], engine: str) -> None:
    """By the protocol of ASGI, hand to hand: no websocket library is installed here."""
    sent, refused, lines, busy, passed = run_python(
        """
        import asyncio
        from measured import *
        from play import *
        from profcov.store.lock import exclusive
        from profcov.store.directory import DataDirectory
        from profcov.web.asgi import ProfileTraceMiddleware
        def is_busy():
            try:
                with exclusive(DataDirectory(DATA), "demo", 0):
                    return False
            except Exception:
                return True
        async def app(scope, receive, send):
            assert (await receive())["type"] == "websocket.connect"
            red()
            if scope["path"] == "/no":
                await send({"type": "websocket.http.response.start", "status": 403, "headers": []})
                return
            await send({"type": "websocket.accept", "headers": [(b"x-mine", b"1")]})
            while (message := await receive())["type"] == "websocket.receive":
                await pause()
                await send({"type": "websocket.send", "text": message["text"] + blue()})
            green()
        async def connect(path, headers, *texts):
            sent, states = [], []
            incoming = [{"type": "websocket.connect"}, *({"type": "websocket.receive", "text": t} for t in texts)]
            incoming.append({"type": "websocket.disconnect"})
            async def receive():
                await asyncio.sleep(0)
                return incoming.pop(0)
            async def send(message):
                states.append(sorted(shards("demo")))
                sent.append({k: str(v) for k, v in message.items()})
            scope = {"type": "websocket", "path": path, "headers": headers}
            await ProfileTraceMiddleware(app)(scope, receive, send)
            return sent, states, is_busy()
        header = [(b"x-profile-trace", b"demo")]
        async def main():
            one, two = await asyncio.gather(connect("/", header, "a ", "b "), connect("/", [], "c "))
            no = await connect("/no", [(b"x-profile-trace", b"other")])
            return one[0], no[0], one[1], one[2], two[0]
        told = asyncio.run(main())
        tell([*told[:2], [told[2], shards("demo")], told[3], told[4]])
        """,
        engine=engine,
    )
    headers = "[(b'x-mine', b'1'), (b'x-profile-trace-status', b'traced')]"
    assert sent[0] == {"type": "websocket.accept", "headers": headers}
    assert [message.get("text") for message in sent[1:]] == ["a blue", "b blue"]
    assert refused == [
        {
            "type": "websocket.http.response.start",
            "status": "403",
            "headers": "[(b'x-profile-trace-status', b'traced')]",
        }
    ]
    everything = ["blue", "green", "pause", "red"]
    assert lines == [[["red"], ["blue", "pause", "red"], ["blue", "pause", "red"]], everything]
    assert busy is False
    assert passed[0] == {"type": "websocket.accept", "headers": "[(b'x-mine', b'1')]"}

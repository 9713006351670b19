"""Who may record, and when: carriers, signatures, patterns, limits, the default slug, pause and resume, file modes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import seen

from profcov.wire.signature import sign

if TYPE_CHECKING:
    from collections.abc import Callable

SECRET = "a secret of more than sixteen characters"
GUNICORN = ("-m", "gunicorn", "--bind=fd://{fd}", "--worker-class=gthread", "--threads=4", "--no-control-socket")
SERVERS = {
    "wsgi": (*GUNICORN, "--workers=2", "--log-level=critical", "serve_wsgi:app"),
    "asgi": ("-m", "uvicorn", "--fd={fd}", "--log-level=critical", "asgi_app:bare"),
}
PATHS = {"wsgi": "/list", "asgi": "/plain"}
FUNCTIONS = {"wsgi": {"app", "answer_list", "plain"}, "asgi": {"app", "start", "finish", "answer_plain"}}


@pytest.fixture(params=SERVERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def start(kind: str, serve: Callable[..., Any]) -> Callable[..., Any]:
    return lambda **environ: serve(*SERVERS[kind], **environ)


def test_baggage_and_a_cookie_carry_a_slug_and_the_header_wins(kind: str, start: Callable[..., Any]) -> None:
    server = start()
    path = PATHS[kind]
    for headers in ({"baggage": "a=b,profcov.slug=bag"}, {"cookie": "a=b; profile_trace=cookie"}):
        assert server.get(path, **headers).trace_status == ["traced"]
    both = {"baggage": "profcov.slug=no", "cookie": "profile_trace=no"}
    assert server.get(path, "header", **both).trace_status == ["traced"]
    assert server.get(path, "../header", **both).trace_status == ["rejected; invalid slug"]
    assert [server.combined(slug) for slug in ("bag", "cookie", "header")] == [FUNCTIONS[kind]] * 3
    assert seen.in_shards(server.data, "no") == set()


def test_a_carrier_that_is_switched_off_carries_nothing(kind: str, start: Callable[..., Any]) -> None:
    server = start(PROFILE_COVERAGE_CARRIERS="baggage")
    assert server.get(PATHS[kind], "demo", cookie="profile_trace=demo").trace_status == []
    assert server.get(PATHS[kind], "demo", baggage="profcov.slug=demo").trace_status == ["traced"]


def test_where_there_is_a_secret_slugs_must_be_signed(kind: str, start: Callable[..., Any]) -> None:
    server = start(PROFILE_COVERAGE_SECRET=SECRET)
    path, token = PATHS[kind], sign("demo", SECRET)
    assert server.get(path, "demo").trace_status == ["rejected; signature"]
    assert server.get(path, "other", x_profile_trace_token=token).trace_status == ["rejected; signature"]
    assert server.get(path, "demo", x_profile_trace_token=token + "x").trace_status == ["rejected; signature"]
    assert server.get(path, "demo", x_profile_trace_token=sign("demo", SECRET[::-1])).trace_status == [
        "rejected; signature"
    ]
    assert not server.data.exists()
    assert server.get(path, "demo", x_profile_trace_token=token).trace_status == ["traced"]
    assert server.get(path, cookie=f"profile_trace=demo; profile_trace_token={token}").trace_status == ["traced"]
    assert server.get(path, baggage=f"profcov.slug=demo,profcov.token={token}").trace_status == ["traced"]
    assert server.get(path, cookie="profile_trace=demo", x_profile_trace_token=token).trace_status == ["traced"]
    assert server.combined("demo") == FUNCTIONS[kind]


def test_a_slug_must_match_a_pattern_where_there_are_some(kind: str, start: Callable[..., Any]) -> None:
    server = start(PROFILE_COVERAGE_ALLOW="us-*, nightly")
    assert server.get(PATHS[kind], "eu-small").trace_status == ["rejected; not allowed"]
    assert server.get(PATHS[kind], "a/b").trace_status == ["rejected; invalid slug"]
    assert not server.data.exists()
    assert server.get(PATHS[kind], "us-small").trace_status == ["traced"]


def test_a_directory_takes_slugs_up_to_the_limit_for_all_processes_together(
    kind: str, start: Callable[..., Any]
) -> None:
    server = start(PROFILE_COVERAGE_MAX_PROFILES="5")
    said: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: said.extend(server.get(PATHS[kind], f"s{n}").trace_status))
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["rejected; too many profiles"] * 7 + ["traced"] * 5
    assert len(list(server.data.glob("state/*.lock"))) == 5
    taken = next(server.data.glob("state/*.lock")).name.removesuffix(".lock")
    assert server.get(PATHS[kind], taken).trace_status == ["traced"]


def test_traffic_without_a_slug_is_filed_under_the_default_one_and_answered_as_ever(
    kind: str, start: Callable[..., Any]
) -> None:
    """Though the server has a secret and allows no such slug: it is the operator's own."""
    server = start(
        PROFILE_COVERAGE_DEFAULT_SLUG="production", PROFILE_COVERAGE_SECRET=SECRET, PROFILE_COVERAGE_ALLOW="us-*"
    )
    plain = start(ENABLE_PROFILE_COVERAGE="0")
    answer, expected = (each.get(PATHS[kind]) for each in (server, plain))
    hide = {"date", "server"}
    assert [pair for pair in answer.headers if pair[0].lower() not in hide] == [
        pair for pair in expected.headers if pair[0].lower() not in hide
    ]
    assert (answer.status, answer.body, answer.trace_status) == (expected.status, expected.body, [])
    assert server.get(PATHS[kind], "us-a", x_profile_trace_token=sign("us-a", SECRET)).trace_status == ["traced"]
    assert server.combined("production") == server.combined("us-a") == FUNCTIONS[kind]


def run_profcov(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "profcov", *words], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def wait_for_status(server: Any, path: str, status: str) -> None:
    """Ask until all answers of a whole second have the status: a process looks twice a second."""
    start = since = time.monotonic()
    while time.monotonic() < since + 1:
        if server.get(path, "demo").trace_status != [status]:
            since = time.monotonic()
        assert time.monotonic() < start + 30


def test_all_processes_notice_a_pause_and_its_end_without_a_restart(kind: str, start: Callable[..., Any]) -> None:
    server = start()
    path = PATHS[kind]
    wait_for_status(server, path, "traced")
    assert server.combined("demo") == FUNCTIONS[kind]
    assert run_profcov("pause", "--data-dir", str(server.data)) == f"{server.data}: paused\n"
    wait_for_status(server, path, "disabled; paused")
    before = sorted(server.data.iterdir())
    for _ in range(8):
        assert server.get(path, "demo").trace_status == ["disabled; paused"]
    assert sorted(server.data.iterdir()) == before
    assert run_profcov("pause", "--data-dir", str(server.data)) == f"{server.data}: was paused already\n"
    assert run_profcov("resume", "--data-dir", str(server.data)) == f"{server.data}: resumed\n"
    wait_for_status(server, path, "traced")
    assert server.combined("demo", "refused-paused") == FUNCTIONS[kind]
    assert run_profcov("resume", "--data-dir", str(server.data)) == f"{server.data}: was not paused\n"


def test_a_server_that_starts_paused_records_when_it_is_resumed(kind: str, start: Callable[..., Any]) -> None:
    server = start()
    server.data.mkdir()
    run_profcov("pause", "--data-dir", str(server.data))
    assert server.get(PATHS[kind], "demo").trace_status == ["disabled; paused"]
    run_profcov("resume", "--data-dir", str(server.data))
    wait_for_status(server, PATHS[kind], "traced")


@pytest.mark.parametrize(("umask", "file", "directory"), [("077", 0o600, 0o700), ("007", 0o660, 0o770)])
def test_files_and_directories_have_the_modes_that_the_setting_says(
    kind: str, start: Callable[..., Any], umask: str, file: int, directory: int
) -> None:
    server = start(PROFILE_COVERAGE_UMASK=umask)
    for _ in range(2):
        assert server.get(PATHS[kind], "demo").trace_status == ["traced"]
        subprocess.run(
            [sys.executable, "-m", "profcov", "combine", "--data-dir", str(server.data), "demo"],
            env={**os.environ, "PROFILE_COVERAGE_UMASK": umask},
            timeout=60,
            check=True,
            capture_output=True,
        )
    assert server.get(PATHS[kind], "demo").trace_status == ["traced"]
    paths = [server.data, *server.data.rglob("*")]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert {"demo.coverage", "demo.profile.json", "previous", "demo.lock"} < set(modes)
    assert set(modes.values()) == {file, directory}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()} == {file}

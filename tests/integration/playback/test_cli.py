from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from written import covered_functions, get, post, write

from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from redis import Redis
    from tests.integration.playback.conftest import Seen

    Playback = Callable[..., subprocess.CompletedProcess[str]]

ENABLED = {"ENABLE_PROFILE_COVERAGE": "1"}


def warm_up(url: str) -> None:
    """Have a server import what its first answers need: that may take a busy machine longer than a time-out of some seconds."""
    requests.get(f"{url}/red", headers={"X-Profile-Trace": "warm"}, timeout=60)
    requests.post(f"{url}/jobs", timeout=60)


def assert_one_sentence(ended: subprocess.CompletedProcess[str], sentence: str) -> None:
    assert ended.stderr == f"profcov: {sentence}\n"
    assert ended.returncode == 4
    assert ended.stdout == ""


def test_a_server_without_profcov_is_reported_in_one_sentence(
    tmp_path: Path, serve: Callable[..., Seen], playback: Playback
) -> None:
    server = serve()
    profile = write(tmp_path, "a", get("/x"))
    ended = playback(profile, "--trace-code", "--base-url", server.url)
    assert_one_sentence(
        ended,
        f"{server.url}: the server does not run profcov's middleware, or another process answers on this port: "
        f"GET {server.url}/x was answered with 404 and no X-Profile-Trace-Status",
    )


def test_a_server_where_profcov_is_off_is_reported_in_one_sentence(
    tmp_path: Path, gunicorn: Callable[..., str], playback: Playback
) -> None:
    url = gunicorn()
    ended = playback(write(tmp_path, "a", get("/red")), "--trace-code", "--base-url", url)
    assert_one_sentence(
        ended, f"{url}: profcov is installed but off: set ENABLE_PROFILE_COVERAGE=1 where the server starts"
    )


@pytest.mark.parametrize("trace", [True, False])
def test_a_closed_port_is_reported_in_one_sentence(
    tmp_path: Path, closed_port: str, playback: Playback, *, trace: bool
) -> None:
    flags = ["--trace-code"] if trace else []
    ended = playback(write(tmp_path, "a", get("/x")), *flags, "--base-url", closed_port)
    sentence = f"{closed_port}: nothing answers there: start the server, or give its address with --base-url"
    assert_one_sentence(ended, sentence)


def test_the_same_error_of_many_profiles_is_reported_once(tmp_path: Path, closed_port: str, playback: Playback) -> None:
    paths = [write(tmp_path, slug, get("/x")) for slug in ("a", "b", "c")]
    ended = playback(*paths, "--jobs", 3, "--base-url", closed_port)
    assert ended.returncode == 4
    assert ended.stderr.count("nothing answers") == 1


def test_a_redis_that_does_not_answer_is_reported_before_anything_is_sent(
    tmp_path: Path, serve: Callable[..., Seen], closed_port: str, playback: Playback
) -> None:
    server = serve("traced")
    address = closed_port.replace("http://", "redis://:secret@")
    profile = write(tmp_path, "a", get("/x"))
    ended = playback(profile, "--trace-code", "--base-url", server.url, "--redis-url", address)
    assert ended.returncode == 4
    assert ended.stderr.startswith(f"profcov: {address.replace('secret', '***')}: Redis does not answer")
    assert "secret" not in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert server.requests == []


def test_profiles_played_at_the_same_time_give_an_artifact_each(
    tmp_path: Path, gunicorn: Callable[..., str], playback: Playback
) -> None:
    url = gunicorn(**ENABLED)
    folder = tmp_path / "profiles"
    folder.mkdir()
    write(folder, "red", get("/red"))
    write(folder, "blue", get("/blue"), get("/blue"))
    config = tmp_path / "measured.ini"
    ended = playback(
        folder,
        *("--trace-code", "--base-url", url, "--jobs", 2, "--data-dir", "data", "--out", "out"),
        PROFILE_COVERAGE_CONFIG=str(config),
    )
    assert ended.returncode == 0, ended.stderr
    rows = [line.split("\t") for line in ended.stdout.splitlines()]
    assert [(row[0], row[1], row[2], row[4], row[5]) for row in rows] == [
        ("blue", "out/blue.coverage", "complete", "2", "0"),
        ("red", "out/red.coverage", "complete", "1", "0"),
    ]
    assert covered_functions(tmp_path / "out/red.coverage") == {"red"}
    assert covered_functions(tmp_path / "out/blue.coverage") == {"blue"}
    assert sorted(line.split(",")[0] for line in ended.stderr.splitlines()) == ["blue: 2 requests", "red: 1 requests"]


def test_the_configuration_that_is_given_wins_over_the_environments(
    tmp_path: Path, traced: Any, playback: Playback
) -> None:
    profile = write(tmp_path, "configured", get("/red"))
    ended = playback(profile, *traced.words, "--config", traced.config, PROFILE_COVERAGE_CONFIG="gone.ini")
    assert ended.returncode == 0, ended.stderr
    assert read_sidecar(traced.data_dir / "configured.coverage")["settings"]["config_file"] == str(traced.config)
    ended = playback(profile, *traced.words, "--config", "gone.ini", **traced.environ)
    assert ended.returncode == 2
    assert "gone.ini" in ended.stderr


def test_a_play_has_nothing_of_what_was_recorded_before(
    tmp_path: Path, gunicorn: Callable[..., str], playback: Playback
) -> None:
    url = gunicorn(**ENABLED)
    flags = ("--trace-code", "--base-url", url, "--data-dir", "data")
    left_over = requests.get(f"{url}/red", headers={"X-Profile-Trace": "a"}, timeout=30)
    assert left_over.headers["X-Profile-Trace-Status"] == "traced"
    second = playback(write(tmp_path, "a", get("/blue")), *flags)
    assert second.returncode == 0, second.stderr
    assert covered_functions(tmp_path / "data/a.coverage") == {"blue"}


def test_a_failed_step_says_what_was_expected_and_leaves_a_partial_artifact(
    tmp_path: Path, gunicorn: Callable[..., str], playback: Playback
) -> None:
    url = gunicorn(**ENABLED)
    profiles = [write(tmp_path, "bad", get("/red"), get("/broken")), write(tmp_path, "good", get("/blue"))]
    ended = playback(*profiles, "--trace-code", "--base-url", url, "--data-dir", "data")
    assert ended.returncode == 1
    assert f"profcov: bad: step 'step broken': GET {url}/broken: expected status 200 to 299, got 409: " in ended.stderr
    assert "no such luck" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [line.split("\t")[0] for line in ended.stdout.splitlines()] == ["good"]
    sidecar = read_sidecar(tmp_path / "data/bad.coverage")
    assert (sidecar["status"], sidecar["reasons"]) == ("partial", ["playback-failed"])
    assert read_sidecar(tmp_path / "data/good.coverage")["status"] == "complete"


def test_without_trace_code_nothing_is_traced_or_written(
    tmp_path: Path, serve: Callable[..., Seen], playback: Playback
) -> None:
    server = serve()
    server.answer("/x", lambda: "x")
    ended = playback(write(tmp_path, "a", get("/x")), "--base-url", server.url)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr.startswith("a: 1 requests, 0 jobs, ")
    assert server.slugs() == [None]
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_nothing_is_sent_if_one_of_the_files_is_malformed(
    tmp_path: Path, serve: Callable[..., Seen], playback: Playback
) -> None:
    server = serve()
    good, bad = write(tmp_path, "a", get("/x")), write(tmp_path, "b", "x, request: {}")
    ended = playback(good, bad, "--base-url", server.url)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == f"profcov: {bad}: line 3, column 29: step 1 'step x': request.path: missing\n"
    assert server.requests == []


def test_a_profile_without_an_address_is_refused_before_others_are_played(
    tmp_path: Path, serve: Callable[..., Seen], playback: Playback
) -> None:
    server = serve()
    addressed = tmp_path / "a.yaml"
    addressed.write_text(f"slug: a\nbase_url: {server.url}\nsteps: [{{name: s, request: {{path: /}}}}]\n")
    ended = playback(addressed, write(tmp_path, "b", get("/x")))
    assert ended.returncode == 2
    assert (
        ended.stderr
        == f"profcov: {tmp_path}/b.yaml: line 1, column 1: base_url: missing: give it here or with --base-url\n"
    )
    assert server.requests == []


def test_variables_given_on_the_command_line_are_used(
    tmp_path: Path, serve: Callable[..., Seen], playback: Playback
) -> None:
    server = serve()
    server.answer("/<name>", lambda name: name)
    playback(write(tmp_path, "a", "x, request: {path: '/{name}'}"), "--base-url", server.url, "--var", "name=palouse")
    assert [path for _, path, _ in server.requests] == ["/palouse"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--base-url", "localhost"], "'localhost' is not a URL such as http://127.0.0.1:8000"),
        (["--base-url", "user:hunter2222@h"], "'***@h' is not a URL such as http://127.0.0.1:8000"),
        (["--var", "a=b", "--var", "my-token=hunter2222"], "number 2 is not NAME=VALUE"),
        (["--jobs", "0"], "0 is not in the range"),
        (["no.yaml"], "'no.yaml' does not exist"),
        (["empty"], "empty: there is no profile in it"),
    ],
)
def test_a_bad_argument_is_a_usage_error(tmp_path: Path, playback: Playback, words: list[str], sentence: str) -> None:
    (tmp_path / "empty").mkdir()
    ended = playback(write(tmp_path, "a", get("/x")), *words)
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "hunter2222" not in ended.stderr


@pytest.mark.parametrize(("path", "jobs"), [("/jobs", "2"), ("/jobs/later", "1")])
def test_jobs_are_waited_for_and_are_in_the_artifact(
    tmp_path: Path,
    *,
    gunicorn: Callable[..., str],
    worker: Callable[..., None],
    playback: Playback,
    redis: Redis,
    redis_url: str,
    path: str,
    jobs: str,
) -> None:
    environ = {**ENABLED, "REDIS_URL": redis_url}
    url = gunicorn(**environ)
    worker(**environ)
    profile = write(tmp_path, "a", post(path))
    words = ("--trace-code", "--base-url", url, "--redis-url", redis_url, "--data-dir", "data")
    ended = playback(profile, *words, PROFILE_COVERAGE_CONFIG=str(tmp_path / "measured.ini"))
    assert ended.returncode == 0, ended.stderr
    row = ended.stdout.strip().split("\t")
    assert (row[2], row[5]) == ("complete", jobs)
    assert "green" in covered_functions(tmp_path / "data/a.coverage")
    assert redis.exists("profcov:jobs:a") == 0


def test_jobs_that_no_worker_runs_make_the_artifact_partial(
    tmp_path: Path, gunicorn: Callable[..., str], playback: Playback, redis: Redis, redis_url: str
) -> None:
    url = gunicorn(**ENABLED, REDIS_URL=redis_url)
    warm_up(url)
    words = ("--trace-code", "--base-url", url, "--data-dir", "data", "--timeout", "5")
    ended = playback(write(tmp_path, "a", post("/jobs")), *words, REDIS_URL=redis_url)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split("\t")[2] == "partial; jobs-unfinished"
    assert "1 jobs" in ended.stderr
    assert read_sidecar(tmp_path / "data/a.coverage")["reasons"] == ["jobs-unfinished"]
    assert redis.scard("profcov:jobs:a") == 1
    (job_id,) = read_sidecar(tmp_path / "data/a.coverage")["job_ids"]
    assert f"a: RQ jobs that have not ended: {job_id}; is a worker there" in ended.stderr


def test_jobs_whose_redis_is_not_named_make_the_artifact_partial_and_are_one_sentence(
    tmp_path: Path, gunicorn: Callable[..., str], playback: Playback, redis_url: str
) -> None:
    url = gunicorn(**ENABLED, REDIS_URL=redis_url)
    words = ("--trace-code", "--base-url", url, "--data-dir", "data")
    ended = playback(write(tmp_path, "a", post("/jobs")), *words)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split("\t")[2] == "partial; jobs-unfinished"
    (job_id,) = read_sidecar(tmp_path / "data/a.coverage")["job_ids"]
    said = [line for line in ended.stderr.splitlines() if "their Redis was not asked" in line]
    assert len(said) == 1
    assert said[0].startswith(f"a: RQ jobs whose end is not known: {job_id}; ")


def test_a_job_that_still_runs_when_the_time_is_over_keeps_the_data_from_being_combined(
    tmp_path: Path,
    *,
    gunicorn: Callable[..., str],
    worker: Callable[..., None],
    playback: Playback,
    redis: Redis,
    redis_url: str,
) -> None:
    environ = {**ENABLED, "REDIS_URL": redis_url}
    url = gunicorn(**environ)
    warm_up(url)
    worker(**environ)
    started = """s, request: {method: POST, path: /jobs/stay}, save: {id: id},
      wait: {path: "/jobs/{id}", until: "status == 'started'", timeout: 60}"""
    words = ("--trace-code", "--base-url", url, "--redis-url", redis_url, "--data-dir", "data", "--timeout", "5")
    try:
        ended = playback(write(tmp_path, "a", started), *words)
    finally:
        redis.rpush("go", "1")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.startswith("profcov: a still has work in flight after 5 s, in process ")
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "data/a.coverage").exists()

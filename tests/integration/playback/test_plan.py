"""What is played: a dry run, a selection, and the results that are written when it is over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from recordings import exchanged, write_events
from written import get, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.playback.conftest import Seen

    Playback = Callable[..., subprocess.CompletedProcess[str]]


def test_a_dry_run_prints_what_would_be_sent_and_sends_nothing(
    tmp_path: Path, serve: Callable[..., Seen], playback: Playback
) -> None:
    server = serve()
    login = write(tmp_path, "login", "enter, request: {method: POST, path: /login}, save: {token: token}")
    profile = write(
        tmp_path,
        "a",
        'create, request: {method: POST, path: "/runs?key=s3cret", query: {name: "{token}"}}, save: {id: id, link: link}',
        'wait, request: {path: "/runs/{id}"}, wait: {path: "/jobs/{id}", until: done}',
        'far, request: {path: "http://elsewhere.example/{token}"}',
        'near, request: {path: "{link}"}',
    )
    words = ("--trace-code", "--base-url", f"{server.url}/app/", "--login", login, "--redis-url", "redis://nowhere")
    ended = playback(profile, *words, "--dry-run")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [line.split("\t") for line in ended.stdout.replace(server.url, "URL").splitlines()] == [
        ["login", "step enter", "POST", "URL/app/login", "untraced"],
        ["a", "step create", "POST", "URL/app/runs?key=...&name=...", "traced"],
        ["a", "step wait", "GET", "URL/app/runs/{id}", "traced"],
        ["a", "step wait (wait)", "GET", "URL/app/jobs/{id}", "traced"],
        ["a", "step far", "GET", "http://elsewhere.example/{token}", "traced"],
        ["a", "step near", "GET", "{link}", "unknown"],
    ]
    assert server.requests == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yaml", "login.yaml"]


def test_a_dry_run_and_show_print_no_secret(tmp_path: Path, playback: Playback) -> None:
    profile = write(
        tmp_path,
        "a",
        'one, request: {path: "/reset/{token}/{user}/{door}?key={token}"}',
        "two, request: {path: /of/s3cret-in-env}",
        "three, request: {path: '/x?api_key=s3cret-in-path'}",
    )
    text = profile.read_text().replace(
        "steps:", "variables: {token: s3cret-of-profile, user: bob, door: {env: DOOR}}\nsteps:"
    )
    profile.write_text(text.replace("name: step two", "name: step s3cret-in-env"))
    words = ("--dry-run", "--base-url", "http://ada:s3cret-pw@h", "--var", "user=ada", "--var", "token=s3cret-given")
    ended = playback(profile, *words, DOOR="s3cret-in-env")
    assert ended.returncode == 0, ended.stderr
    assert [line.split("\t")[1::2] for line in ended.stdout.splitlines()] == [
        ["step one", "http://ada:***@h/reset/{token}/ada/{door}?key=..."],
        ["step ***", "http://ada:***@h/of/***"],
        ["step three", "http://ada:***@h/x?api_key=..."],
    ]
    shown = subprocess.run(
        [sys.executable, "-m", "profcov", "profiles", "show", str(profile)],
        env={**os.environ, "DOOR": "s3cret-in-env"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert shown.stdout.splitlines()[1:] == [
        "    1  GET /reset/{token}/{user}/{door}?key={token}",
        "    2  GET /of/***",
        "    3  GET /x?api_key=***",
    ]


def test_a_step_is_one_row_whatever_it_is_called_and_wherever_it_leads(tmp_path: Path, playback: Playback) -> None:
    path = tmp_path / "a.yaml"
    path.write_text('slug: a\nsteps: [{name: "a\\nb\\tc\\e[31m", request: {path: "http://[x/?key=s3cret"}}]\n')
    ended = playback(path, "--base-url", "http://127.0.0.1:1", "--dry-run")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "a\ta\\nb\\tc\\x1b[31m\tGET\tthe address given?key=...\tuntraced\n"


def test_a_dry_run_finds_what_a_run_would_refuse(tmp_path: Path, playback: Playback) -> None:
    ended = playback(write(tmp_path, "a", get("/x")), "--dry-run")
    assert ended.returncode == 2
    assert (
        ended.stderr
        == f"profcov: {tmp_path}/a.yaml: line 1, column 1: base_url: missing: give it here or with --base-url\n"
    )


def test_profiles_are_selected_by_patterns_of_slugs(
    tmp_path: Path, serve: Callable[..., Seen], playback: Playback
) -> None:
    server = serve()
    server.answer("/<name>", lambda name: name)
    folder = tmp_path / "profiles"
    folder.mkdir()
    for slug in ("us-small", "us-large", "eu-small", "eu-large"):
        write(folder, slug, get(f"/{slug}"))
    ended = playback(folder, "--base-url", server.url, "--select", "us-*", "--select", "eu-s*")
    assert ended.returncode == 0, ended.stderr
    assert [path for _, path, _ in server.requests] == ["/eu-small", "/us-large", "/us-small"]
    ended = playback(folder, "--base-url", server.url, "--select", "us-*", "--select", "de-*")
    assert ended.returncode == 2
    assert "--select 'de-*' matches no profile; there are: eu-large, eu-small, us-large, us-small" in ended.stderr


def test_a_selection_looks_at_no_other_file(tmp_path: Path, playback: Playback) -> None:
    write(tmp_path, "good", get("/good"))
    (tmp_path / "bad.yaml").write_text("slug: us-bad\nsteps: [\n")
    words = (tmp_path, "--base-url", "http://127.0.0.1:9", "--dry-run")
    ended = playback(*words, "--select", "good")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "good\tstep good\tGET\thttp://127.0.0.1:9/good\tuntraced\n"
    ended = playback(*words, "--select", "good", "--select", "us-*")
    assert (ended.returncode, ended.stderr.startswith(f"profcov: {tmp_path}/bad.yaml: line 3, column 1: ")) == (2, True)


def test_a_path_of_the_base_url_is_not_doubled(tmp_path: Path, playback: Playback) -> None:
    write_events(tmp_path / "us", *exchanged(1, "GET /app/runs/a/b"), *exchanged(2, "POST /engine/runs/a/b"))
    write_events(tmp_path / "eu", *exchanged(1, "GET /runs/a/b"))
    words = ("--base-url", "http://127.0.0.1:9/app/", "--var", "run_id=r", "--dry-run")
    ended = playback(tmp_path, *words)
    assert [line.split("\t")[3] for line in ended.stdout.splitlines()] == [
        "http://127.0.0.1:9/app/runs/a/b",
        "http://127.0.0.1:9/app/runs/r/b",
        "http://127.0.0.1:9/engine/runs/r/b",
    ]


def test_all_that_profiles_lack_is_reported_at_once(tmp_path: Path, playback: Playback) -> None:
    for slug in ("a", "b"):
        path = write(tmp_path, slug, get("/x"))
        path.write_text(path.read_text() + f"variables: {{token: {{env: NO_{slug}}}, key: {{env: NOR_{slug}}}}}\n")
    ended = playback(tmp_path)
    assert ended.returncode == 2
    unset = "the environment has no {}_{}: set it, it is kept out of messages and reports"
    assert ended.stderr.splitlines() == [
        f"profcov: {tmp_path}/{slug}.yaml: {lack}"
        for slug in ("a", "b")
        for lack in (
            "line 1, column 1: base_url: missing: give it here or with --base-url",
            f"line 4, column 20: variables.token: {unset.format('NO', slug)}",
            f"line 4, column 38: variables.key: {unset.format('NOR', slug)}",
        )
    ]


def test_results_are_written_for_machines_and_for_people(tmp_path: Path, traced: Any, playback: Playback) -> None:
    profiles = [write(tmp_path, "written", get("/red")), write(tmp_path, "broken", get("/blue"), get("/broken"))]
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n")
    words = ("--junit", "made/junit.xml", "--json", "made/results.json", "--format", "json", "-q")
    ended = playback(*profiles, *traced.words, *words, **traced.environ, GITHUB_STEP_SUMMARY=str(summary))
    assert ended.returncode == 1
    cases = ET.parse(tmp_path / "made/junit.xml").getroot().findall(".//testcase")
    assert [(case.get("name"), [each.tag for each in case]) for case in cases] == [
        ("written", ["system-out"]),
        ("broken", ["failure"]),
    ]
    assert "no such luck" in str(cases[1][0].text)
    document = json.loads((tmp_path / "made/results.json").read_text())
    assert json.loads(ended.stdout) == document
    assert ended.stderr.startswith("profcov: broken: ")  # no progress
    assert (document["exit_code"], document["traced"]) == (1, True)
    assert document["totals"] == {"passed": 1, "failed": 1, "skipped": 0}
    assert document["profiles"][0]["artifact"]["file"] == f"{traced.data_dir}/written.coverage"
    assert document["profiles"][1]["error"]["step"] == "step broken"
    text = summary.read_text()
    assert text.startswith("# Before\n### profcov playback\n")
    assert "| written | passed | complete |" in text


@pytest.mark.parametrize("option", ["--junit", "--json"])
def test_results_that_cannot_be_written_are_reported_before_anything_is_sent(
    tmp_path: Path, serve: Callable[..., Seen], playback: Playback, option: str
) -> None:
    server = serve()
    profile = write(tmp_path, "a", get("/x"))
    ended = playback(profile, "--base-url", server.url, option, profile / "results")
    assert ended.returncode == 3
    assert ended.stderr == f"profcov: cannot write {profile}/results: {profile} is not a directory\n"
    assert server.requests == []


def test_answers_are_looked_into_and_timed(tmp_path: Path, serve: Callable[..., Seen], playback: Playback) -> None:
    server = serve()
    server.answer("/x", lambda: {"items": [{"state": "done", "size": 3}, {"state": "new"}]})
    held = (
        "expect: {jmespath: {\"items[?state=='done']\": [{size: 3}], length(items): 2, 'items[9]': null}, duration: 30}"
    )
    good = write(tmp_path, "good", f"x, request: {{path: /x}}, {held}")
    bad = write(tmp_path, "bad", "x, request: {path: /x}, expect: {jmespath: {'items[1].state': done}}")
    slow = write(tmp_path, "slow", "x, request: {path: /x}, expect: {duration: 0.00001}")
    ended = playback(good, bad, slow, "--base-url", server.url)
    assert ended.returncode == 1
    told = [line for line in ended.stderr.splitlines() if line.startswith("profcov: ")]
    assert len(told) == 2
    assert "expected items[1].state to be 'done', got 'new'; the answer is " in told[0]
    assert "expected an answer within 1e-05 s, it took 0." in told[1]

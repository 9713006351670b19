from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from flask import jsonify, request
from stops import NotedWaits

from profcov.errors import PlaybackError, TargetUnreachableError
from profcov.playback.formats.reader import load_profile
from profcov.playback.player.options import PlayOptions
from profcov.playback.player.play import log_in, play
from profcov.playback.player.runner import play_all
from profcov.playback.player.steps import find_named_origins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.playback.conftest import Seen

    from profcov.playback.scenario.model import Profile
    from profcov.playback.scenario.source import Source


def profile(folder: Path, *steps: str, slug: str = "a", variables: str = "{}") -> Profile:
    path = folder / f"{slug}.yaml"
    path.write_text(f"slug: {slug}\nvariables: {variables}\nsteps:\n" + "".join(f"  - {{{step}}}\n" for step in steps))
    return load_profile(path)


def failure(folder: Path, url: str, step: str, **options: Any) -> str:
    with pytest.raises(PlaybackError) as caught:
        play(profile(folder, step), PlayOptions(base_url=url, **options))
    assert caught.value.step == "s"
    return caught.value.reason.replace(url, "URL")


def test_what_a_step_saves_is_used_by_the_next_with_its_type(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server = serve()
    bodies: list[object] = []

    @server.app.post("/runs")
    def create() -> tuple[dict[str, Any], int]:
        bodies.append(request.json)
        return {"id": 7, "tags": ["x"], "job": {"id": "j1"}}, 201

    @server.app.put("/runs/7/climate")
    def climate() -> dict[str, Any]:
        bodies.append(request.json)
        return {}

    result = play(
        profile(
            tmp_path,
            'name: create, request: {method: POST, path: /runs, json: {name: "{name}"}}, '
            "save: {run: id, tags: tags, job: job.id}",
            'name: climate, request: {method: PUT, path: "/runs/{run}/climate", '
            'json: {run: "{run}", tags: "{tags}", label: "run {run} {{x}}", job: "{job}"}}',
            variables="{name: palouse}",
        ),
        PlayOptions(base_url=server.url),
    )
    assert bodies == [{"name": "palouse"}, {"run": 7, "tags": ["x"], "label": "run 7 {x}", "job": "j1"}]
    assert (result.requests, result.jobs, result.artifact) == (2, (), None)


def test_where_no_redis_is_given_the_server_is_asked_for_the_jobs_that_answers_named(
    tmp_path: Path, serve: Callable[..., Seen]
) -> None:
    server = serve()
    states: dict[str, Iterator[object]] = {"j/1": iter(["queued", "started", "finished"]), "j2": iter(["failed"])}
    server.answer("/rq", lambda: {"job_id": "j/1", "more": {"jobIds": ["j2", "gone"]}}, "POST")

    @server.app.get("/job/<path:job>/state")
    def state(job: str) -> Any:
        return ({"job": {"status": next(states[job])}}, 200) if job in states else ("no such job", 404)

    step = 'name: s, request: {method: POST, path: /rq}, wait: {jobs: true, path: "/job/{job_id}/state"}'
    result = play(profile(tmp_path, step), PlayOptions(base_url=server.url))
    asked = [path for _, path, _ in server.requests[1:]]
    assert asked == [*["/job/j/1/state"] * 3, "/job/j2/state", "/job/gone/state"]
    assert result.notes == (
        "job j2 ended as 'failed'",
        f"GET {server.url}/job/gone/state: the server does not know job gone: it counts as ended",
    )
    states["j/1"] = itertools.repeat("started")
    step = step.replace("jobs: true", "jobs: true, timeout: 0.1")
    assert failure(tmp_path, server.url, step) == "jobs that are still to run after 0.1 s: j/1, j2, gone"
    states["j/1"] = itertools.repeat(5)
    assert failure(tmp_path, server.url, step).startswith("GET URL/job/j%2F1/state: shows no state of a job in ")


def test_a_wait_asks_until_it_is_true(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server = serve()
    states = itertools.chain(["queued", "started"], itertools.repeat("finished"))
    server.answer("/jobs", lambda: {"id": 3})
    server.answer("/jobs/3", lambda: {"status": next(states)})
    step = """name: s, request: {path: /jobs}, save: {id: id},
       wait: {path: "/jobs/{id}", until: "status == 'finished'", fail: "status == 'failed'"}"""
    play(profile(tmp_path, step), PlayOptions(base_url=server.url))
    assert [path for _, path, _ in server.requests] == ["/jobs", "/jobs/3", "/jobs/3", "/jobs/3"]


def test_a_first_poll_that_fails_is_not_sent_again(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server = serve()
    answers = iter([({"state": "new"}, 404), ({"state": "done"}, 200)])
    server.answer("/job", lambda: next(answers))
    step = "name: s, request: {path: /job}, wait: {until: \"state == 'done'\"}"
    assert failure(tmp_path, server.url, step) == (
        'GET URL/job: expected status 200 to 299, got 404: \'{"state":"new"}\''
    )
    assert len(server.requests) == 1


def test_null_is_sent_as_json(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server = serve()
    server.answer("/x", lambda: jsonify(got=request.json), method="POST")
    step = "name: s, request: {method: POST, path: /x, json: null}, expect: {json: {got: null}}"
    assert play(profile(tmp_path, step), PlayOptions(base_url=server.url)).requests == 1


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("expect: {status: [201, 202]}", 'GET URL/x: expected status 201 or 202, got 200: \'{"n":1,"list":[1,2]}\''),
        (
            "expect: {json: {n: true}}",
            'GET URL/x: expected json.n to be True, got 1; the answer is \'{"n":1,"list":[1,2]}\'',
        ),
        (
            "expect: {json: {m: 1}}",
            'GET URL/x: expected json.m, which is missing; the answer is \'{"n":1,"list":[1,2]}\'',
        ),
        (
            "expect: {json: {list: [1, 3]}}",
            'GET URL/x: expected json.list[1] to be 3, got 2; the answer is \'{"n":1,"list":[1,2]}\'',
        ),
        (
            "expect: {json: {list: [1]}}",
            'GET URL/x: expected json.list to be [1], got [1, 2]; the answer is \'{"n":1,"list":[1,2]}\'',
        ),
        ("expect: {text: hello}", "GET URL/x: expected 'hello' in the answer, got '{\"n\":1,\"list\":[1,2]}'"),
        ("expect: {headers: {X-A: b}}", "GET URL/x: expected header X-A: 'b', got no such header"),
        (
            "expect: {headers: {content-type: text/html}}",
            "GET URL/x: expected header content-type: 'text/html', got 'application/json'",
        ),
        ("save: {v: missing}", "GET URL/x: cannot save v: 'missing' finds nothing in '{\"n\":1,\"list\":[1,2]}'"),
        (
            "wait: {path: /x, until: m, timeout: 0.05}",
            "GET URL/x: 'm' was not true within 0.05 s, the last answer is '{\"n\":1,\"list\":[1,2]}'",
        ),
        ("wait: {path: /x, until: m, fail: n == `1`}", "GET URL/x: 'n == `1`' came true: '{\"n\":1,\"list\":[1,2]}'"),
        ("wait: {path: /no, until: m}", "GET URL/no: expected status 200 to 299, got 404: "),
        ("wait: {path: /x, until: length(n) == `1`}", "GET URL/x: 'length(n) == `1`' cannot be evaluated: "),
    ],
)
def test_a_failed_step_says_what_was_expected_and_what_came(
    tmp_path: Path, serve: Callable[..., Seen], step: str, reason: str
) -> None:
    server = serve()
    server.app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask's own provider
    server.answer("/x", lambda: {"n": 1, "list": [1, 2]})
    told = failure(tmp_path, server.url, f"name: s, request: {{path: /x}}, {step}")
    assert told.startswith(reason) if reason.endswith(": ") else told == reason


def test_expectations_that_hold_pass(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server = serve()
    server.answer("/x", lambda: ({"n": 1, "list": [{"a": 1, "b": 2}], "text": "ä"}, 409))
    step = """name: s, request: {path: /x}, expect: {status: [200, 409], json: {list: [{b: 2}]},
        text: '"n":1', headers: {content-type: application/json}}"""
    assert play(profile(tmp_path, step), PlayOptions(base_url=server.url)).requests == 1


def test_a_long_answer_is_cut_in_the_message(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server = serve()
    server.answer("/x", lambda: ("word\n" * 10_000, 500))
    told = failure(tmp_path, server.url, "name: s, request: {path: /x}")
    assert told.startswith("GET URL/x: expected status 200 to 299, got 500: 'word word")
    assert len(told) < 300


def test_an_answer_that_is_no_json_is_reported(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server = serve()
    server.answer("/x", lambda: "<html>")
    told = failure(tmp_path, server.url, "name: s, request: {path: /x}, save: {a: a}")
    assert told == "GET URL/x: expected JSON, got '<html>'"


def test_what_a_step_would_save_under_a_secrets_name_is_in_no_message(
    tmp_path: Path, serve: Callable[..., Seen]
) -> None:
    server = serve()
    server.answer(
        "/login", lambda: {"access_token": "ey.s3cret", "data": {"jwt": "s3cret-j"}, "auth": {"v": ["s3cret"]}}
    )
    server.answer("/key", lambda: ("key s3cret-key", {"X-Api-Key": "s3cret-key"}))
    told = [
        failure(tmp_path, server.url, f"name: s, request: {{path: {step}")
        for step in (
            "/login}, save: {t: access_token, x: missing}",
            "/login}, save: {x: missing}",
            "/login}, expect: {json: {access_token: guess}}",
            "/login}, expect: {json: [guess]}",
            "/key}, save: {k: {header: X-Api-Key}}, expect: {headers: {X-Api-Key: guess}}",
            "/key}, save: {k: {header: X-Api-Key}, x: {text: '(no)'}}",
        )
    ]
    assert [text for text in told if "s3cret" in text] == []
    assert '"access_token":"***"' in told[1]
    assert "expected json.access_token to be another than it is" in told[2]
    assert told[5].endswith("finds nothing in 'key ***'")


def test_what_a_login_saved_and_variables_with_a_secrets_name_are_in_no_message(
    tmp_path: Path, serve: Callable[..., Seen]
) -> None:
    server = serve()
    server.answer("/login", lambda: {"access_token": "s3cret-token"})
    server.answer("/x", lambda: (f"bad {request.get_data(as_text=True)}", 401), method="POST")
    login = log_in(
        profile(tmp_path, "name: s, request: {path: /login}, save: {t: access_token}", slug="login"),
        PlayOptions(base_url=server.url),
    )
    sent = profile(
        tmp_path,
        'name: s, request: {method: POST, path: /x, json: ["{t}", "{api_key}"]}',
        variables="{t: '', api_key: s3cret-key}",
    )
    with pytest.raises(PlaybackError) as caught:
        play(sent, PlayOptions(base_url=server.url, login=login))
    assert caught.value.reason.endswith('got 401: \'bad ["***", "***"]\'')


@pytest.mark.parametrize("charset", ["hex", "idna", "nothing"])
def test_an_answer_in_a_charset_that_is_none_is_taken_for_utf_8(
    tmp_path: Path, serve: Callable[..., Seen], charset: str
) -> None:
    server = serve()
    server.answer("/x", lambda: ("ä", {"Content-Type": f"text/plain; charset={charset}"}))
    played = play(
        profile(tmp_path, "name: s, request: {path: /x}, expect: {text: ä}"), PlayOptions(base_url=server.url)
    )
    assert played.requests == 1


def test_a_path_that_became_something_else_is_reported(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server = serve()
    server.answer("/x", lambda: {"next": "file:///etc/passwd"})
    steps = ("name: first, request: {path: /x}, save: {next: next}", 'name: second, request: {path: "{next}"}')
    with pytest.raises(PlaybackError, match=r"step 'second': path '\{next\}' became 'file:///etc/passwd'"):
        play(profile(tmp_path, *steps), PlayOptions(base_url=server.url))


def test_one_profile_that_fails_does_not_stop_the_others(
    tmp_path: Path, serve: Callable[..., Seen], closed_port: str
) -> None:
    server = serve()
    server.answer("/x", lambda: "x")
    profiles = [
        profile(tmp_path, "name: s, request: {path: /no}", slug="fails"),
        profile(tmp_path, f"name: s, request: {{path: '{closed_port}/'}}", slug="unreachable"),
        profile(tmp_path, "name: s, request: {path: /x}", "name: t, request: {path: /x}", slug="works"),
    ]
    ended: list[str] = []
    steps: list[str] = []
    outcomes = play_all(
        profiles,
        PlayOptions(base_url=server.url),
        step_done=lambda each: steps.append(each.slug),
        play_done=lambda outcome: ended.append(outcome.profile.slug),
    )
    assert [type(outcome.error) for outcome in outcomes] == [PlaybackError, TargetUnreachableError, type(None)]
    assert outcomes[2].result is not None
    assert outcomes[2].result.requests == 2
    assert ended == ["fails", "unreachable", "works"]
    assert steps == ["works", "works"]


def test_an_answer_that_cannot_be_read_fails_one_profile_only(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server = serve()
    server.answer("/x", lambda: "x")
    steps = "name: s, request: {path: /x}", "name: t, request: {path: /x}, save: {a: {text: (x)}}"
    broken, works = profile(tmp_path, *steps, slug="broken"), profile(tmp_path, *steps, slug="works")

    class Unforeseen:
        def find(self, answer: object) -> str:
            raise KeyError(answer)

    broken = replace(
        broken, steps=(broken.steps[0], replace(broken.steps[1], save={"a": cast("Source", Unforeseen())}))
    )
    outcomes = play_all([broken, works], PlayOptions(base_url=server.url))
    assert outcomes[1].error is None
    assert isinstance(outcomes[0].error, PlaybackError)
    assert outcomes[0].error.step == "t"
    assert outcomes[0].error.reason.startswith(f"GET {server.url}/x: the answer cannot be read: ")


def test_profiles_are_played_at_the_same_time(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server = serve()
    together = threading.Barrier(3)
    server.answer("/x", lambda: str(together.wait(timeout=30)))  # answers only to three at once
    profiles = [profile(tmp_path, "name: s, request: {path: /x}", slug=slug) for slug in ("c", "a", "b")]
    outcomes = play_all(profiles, PlayOptions(base_url=server.url), jobs=3)
    assert [outcome.error for outcome in outcomes] == [None, None, None]
    assert [outcome.profile.slug for outcome in outcomes] == ["c", "a", "b"]


def test_a_duration_is_that_of_the_answer_that_ends_a_wait(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server, asked = serve(), threading.Event()

    def job() -> dict[str, Any]:
        if asked.is_set():
            return {"state": "done"}
        asked.set()
        threading.Event().wait(0.6)
        return {"state": "new"}

    server.answer("/job", job)
    step = "name: s, request: {path: /job}, wait: {until: \"state == 'done'\"}, expect: {duration: 0.5}"
    assert play(profile(tmp_path, step), PlayOptions(base_url=server.url)).requests == 2


@pytest.mark.parametrize(("factor", "waited"), [(0, []), (1, [2.5, 60]), (0.5, [1.25, 60]), (10, [25, 60])])
def test_pauses_are_those_of_the_recording_times_a_factor(
    tmp_path: Path, serve: Callable[..., Seen], factor: float, waited: list[float]
) -> None:
    server = serve()
    server.answer("/x", lambda: "")
    once = profile(tmp_path, "name: s, request: {path: /x}")
    steps = [replace(once.steps[0], pause=pause) for pause in (0, 2.5, 3600)]
    stop = NotedWaits()
    play(replace(once, steps=tuple(steps)), PlayOptions(base_url=server.url, think_time=factor), stop=stop)
    assert (stop.seconds, len(server.requests)) == (waited, 3)


def test_a_stop_ends_a_play_before_its_next_step(tmp_path: Path, serve: Callable[..., Seen]) -> None:
    server = serve()
    server.answer("/x", lambda: "x")
    stop = threading.Event()
    twice = profile(tmp_path, "name: s, request: {path: /x}", "name: t, request: {path: /x}")
    with pytest.raises(PlaybackError, match="step 't': playback was stopped before it"):
        play(twice, PlayOptions(base_url=server.url), stop=stop, step_done=lambda _profile: stop.set())
    assert len(server.requests) == 1


def test_servers_are_named_by_variables_and_by_steps_but_not_by_answers(tmp_path: Path) -> None:
    named = profile(
        tmp_path,
        "name: s, request: {path: /x}, save: {link: link}, wait: {path: 'http://waits:1/{link}', until: a}",
        "name: t, request: {path: '{link}'}",
        "name: u, request: {path: 'https://{host}/{link}'}",
        variables="{api: 'http://API:8001/v1', host: 'steps', n: 3}",
    )
    assert find_named_origins(named) == {("waits", 1), ("api", 8001), ("steps", 443)}

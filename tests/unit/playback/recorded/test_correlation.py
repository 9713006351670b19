from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from recordings import URL, entry, write_har

from profcov.playback.loading import Loaded, load

if TYPE_CHECKING:
    from pathlib import Path

RUN = "f8a259247836"
TOKEN = "q9Zk3vN8xT1mB7wL"


def read(folder: Path, *entries: object, hints: str = "") -> Loaded:
    (folder / "shop.profcov.yaml").write_text(hints)
    return load(write_har(folder / "shop.har", *entries))


def saves(loaded: Loaded) -> dict[int, dict[str, Any]]:
    steps = enumerate(loaded.profile.steps, start=1)
    return {number: {name: each.document() for name, each in step.save.items()} for number, step in steps if step.save}


def paths(loaded: Loaded) -> list[str]:
    return [step.request.path for step in loaded.profile.steps]


def doubts(loaded: Loaded) -> list[tuple[int, str, str]]:
    return [(doubt.step, doubt.place, doubt.value) for doubt in loaded.doubts]


def test_an_id_of_an_answer_is_taken_anew_wherever_it_is_sent(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        entry("POST /api/runs", 201, {"id": RUN, "state": "new"}, json_body={"name": "palouse"}),
        entry(f"GET /api/runs/{RUN}?run={RUN}&page=2"),
        entry("POST /api/copies", json_body={"from": {"run": RUN}, "note": f"copy of {RUN}", "list": [RUN]}),
        entry("POST /form", post_data={"mimeType": "application/x-www-form-urlencoded", "text": f"run={RUN}&a=1&a=2"}),
    )
    _, shown, copied, form = loaded.profile.steps
    assert saves(loaded) == {1: {"run_id": "id"}}
    assert shown.request.path == "/api/runs/{run_id}"
    assert shown.request.query == {"run": ("{run_id}",), "page": ("2",)}
    assert copied.request.json == {"from": {"run": "{run_id}"}, "note": "copy of {run_id}", "list": ["{run_id}"]}
    assert form.request.form == {"run": ("{run_id}",), "a": ("1", "2")}


def test_what_the_client_sent_first_is_its_own_though_answers_repeat_it(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        entry("POST /api/runs", 201, {"name": "palouse-2024-b", "id": RUN}, json_body={"name": "palouse-2024-b"}),
        entry("GET /search?name=palouse-2024-b"),
        entry("POST /tags", json_body={"tag": "palouse-2024-b"}),
    )
    assert loaded.correlations == ()
    assert loaded.profile.steps[1].request.query == {"name": ("palouse-2024-b",)}


@pytest.mark.parametrize(
    ("answer", "sent", "save"),
    [
        ({"answer_headers": [("ETag", f'"{TOKEN}"')]}, {"headers": {"If-Match": f'"{TOKEN}"'}}, {"header": "ETag"}),
        ({"answer_headers": [("ETag", '"3"')]}, {"headers": {"If-None-Match": '"3"'}}, {"header": "ETag"}),
        (
            {"answer_headers": [("Set-Cookie", f"csrftoken={TOKEN}; Path=/")]},
            {"headers": {"X-CSRFToken": TOKEN}},
            {"cookie": "csrftoken"},
        ),
        (
            {"answer": f'<form><input type="hidden" name="csrf" value="{TOKEN}"></form>'},
            {"post_data": {"mimeType": "application/x-www-form-urlencoded", "text": f"csrf={TOKEN}"}},
            {"html": "csrf"},
        ),
        (
            {"answer": f'<meta name="csrf-token" content="{TOKEN}">'},
            {"headers": {"X-CSRF-Token": TOKEN}},
            {"html": "csrf-token"},
        ),
        (
            {"answer": {"access_token": TOKEN}},
            {"headers": {"Authorization": f"Bearer {TOKEN}"}},
            "access_token",
        ),
        (
            {"answer": f"<script>window.token = '{TOKEN}';</script>"},
            {"headers": {"X-Token": TOKEN}},
            {"text": "en\\ =\\ '([A-Za-z0-9][A-Za-z0-9_.~+=-]*)"},
        ),
        (
            {"answer": {"links": {"self": f"{URL}/api/runs/{RUN}"}}},
            {"json_body": {"run": RUN}},
            {"json": "links.self", "match": "runs/([^/?#&=]+)"},
        ),
        (
            {"status": 302, "answer_headers": [("Location", f"/api/runs/{RUN}")]},
            {"json_body": {"run": RUN}},
            {"header": "Location", "match": "runs/([^/?#&=]+)"},
        ),
        ({"answer": {"odd key": [{"x": TOKEN}]}}, {"json_body": {"t": TOKEN}}, '"odd key"[0].x'),
        ({"answer": [TOKEN]}, {"json_body": {"t": TOKEN}}, "[0]"),
        ({"answer": {"stamp": 1234567890123}}, {"json_body": {"stamp": 1234567890123}}, "stamp"),
        ({"answer": {"stamp": 1234567890123}}, {"json_body": {"stamp": "1234567890123"}}, "to_string(stamp)"),
        ({"answer": {"stamp": "1234567890123"}}, {"json_body": {"stamp": 1234567890123}}, "to_number(stamp)"),
    ],
)
def test_each_place_of_an_answer_can_be_the_source(
    tmp_path: Path, answer: dict[str, Any], sent: dict[str, Any], save: object
) -> None:
    loaded = read(tmp_path, entry("GET /first", **answer), entry("POST /second", **sent))
    ((_, found),) = [pair for step in saves(loaded).values() for pair in step.items()]
    assert found == save
    assert [(each.step, [step for step, _ in each.uses]) for each in loaded.correlations] == [(1, [2])]


def test_a_short_id_is_taken_from_the_only_place_whose_name_fits(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        entry("POST /api/items", 201, {"id": 7, "count": 7, "owner_id": 7}, json_body={"count": 7}),
        entry("GET /api/items/7"),
        entry("GET /api/orders", answer=[{"id": 7}]),
        entry("GET /api/owners/7"),
        entry("POST /api/carts", json_body={"item_id": 7, "count": 7}),
    )
    assert saves(loaded) == {1: {"item_id": "id", "owner_id": "owner_id"}}
    assert paths(loaded) == [
        "/api/items",
        "/api/items/{item_id}",
        "/api/orders",
        "/api/owners/{owner_id}",
        "/api/carts",
    ]
    assert loaded.profile.steps[4].request.json == {"item_id": "{item_id}", "count": 7}


def test_a_short_id_that_two_places_have_is_reported_and_left(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        entry("POST /api/users", 201, {"id": 1}),
        entry("POST /api/items", 201, {"id": 1}),
        entry("GET /show?id=1"),
        entry("GET /pages/1"),
    )
    assert loaded.profile.steps[2].request.query == {"id": ("1",)}
    assert paths(loaded)[3] == "/pages/1"
    assert doubts(loaded) == [(3, "query id", "1"), (4, "path segment 2", "1")]
    assert loaded.doubts[0].candidates == ("'id' of step 1", "'id' of step 2")


def test_a_short_id_that_one_answer_has_twice_is_reported_and_left(tmp_path: Path) -> None:
    orders = [{"id": 1, "customer_id": 7}, {"id": 2, "customer_id": 7}]
    loaded = read(tmp_path, entry("GET /api/orders", answer=orders), entry("GET /customers/7"))
    assert paths(loaded) == ["/api/orders", "/customers/7"]
    assert loaded.doubts[0].candidates == ("'[0].customer_id' of step 1", "'[1].customer_id' of step 1")


def test_a_short_id_with_another_name_is_reported_and_left(tmp_path: Path) -> None:
    loaded = read(tmp_path, entry("POST /work", answer={"job_id": 3}), entry("GET /pages/3"))
    assert paths(loaded) == ["/work", "/pages/3"]
    assert doubts(loaded) == [(2, "path segment 2", "3")]


def test_a_value_that_cannot_be_taken_anew_is_reported_and_left(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        entry(
            "GET /page",
            answer="key: other123456 " * 20 + f"key: {TOKEN}",
            answer_headers=[("X-Stamp", "1234567890123")],
        ),
        entry("POST /a", json_body={"key": TOKEN, "stamp": 1234567890123}),
    )
    assert loaded.profile.steps[1].request.json == {"key": TOKEN, "stamp": 1234567890123}
    assert [doubt.candidates for doubt in loaded.doubts] == [
        ("the text of step 1, where nothing tells it apart",),
        ("header X-Stamp of step 1, which is text",),
    ]


def test_words_dates_and_small_numbers_are_not_taken_for_ids(tmp_path: Path) -> None:
    answer = {
        "state": "new",
        "day": "2024-01-31T10:00:00Z",
        "method": "stochastic",
        "years": 12,
        "area": 1.5,
        "ok": True,
    }
    loaded = read(tmp_path, entry("GET /options", answer=answer), entry("POST /runs", json_body=answer))
    assert loaded.correlations == ()
    assert loaded.profile.steps[1].request.json == answer


def test_a_pin_says_where_a_value_comes_from_and_off_that_it_is_fixed(tmp_path: Path) -> None:
    hints = f"""
    correlate:
      pin:
        "1": {{step: 2, json: id, name: item}}
        "99": {{step: 1, json: id}}
      off: [{RUN}]
    """
    loaded = read(
        tmp_path,
        entry("POST /api/users", 201, {"id": 1, "run": RUN}),
        entry("POST /api/items", 201, {"id": 1}),
        entry(f"GET /pages/1/{RUN}"),
        hints=hints,
    )
    assert saves(loaded) == {2: {"item": "id"}}
    assert paths(loaded)[2] == f"/pages/{{item}}/{RUN}"
    assert loaded.doubts == ()
    assert "no request after step 1 has the value that is pinned, 99" in loaded.notes


def test_two_values_of_one_name_get_two_variables(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        entry("POST /a", answer={"job_id": "aaaa1111bbbb"}),
        entry("POST /b", answer={"job_id": "cccc2222dddd"}),
        entry("GET /jobs/aaaa1111bbbb/cccc2222dddd"),
    )
    assert saves(loaded) == {1: {"job_id": "job_id"}, 2: {"job_id_2": "job_id"}}


def test_braces_of_a_recording_are_no_variables(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        entry("GET /a/{b}?c={d}", headers={"X-E": "{e}"}),
        entry("POST /f", json_body={"g": "{h}"}),
        entry("GET /?{x}"),
    )
    first, second, third = loaded.profile.steps
    assert (first.request.path, first.request.query) == ("/a/{{b}}", {"c": ("{{d}}",)})
    assert first.request.headers == {"X-E": "{{e}}"}
    assert second.request.json == {"g": "{{h}}"}
    assert third.request.path == "/?{{x}}"


def test_a_condition_that_no_answer_gave_is_not_sent(tmp_path: Path) -> None:
    loaded = read(tmp_path, entry("GET /a", 304, headers={"If-None-Match": '"x"', "If-Modified-Since": "Mon"}))
    assert loaded.profile.steps[0].request.headers == {}
    assert loaded.profile.steps[0].expect.status == (200, 304)


def test_a_secret_and_what_an_answer_gave_are_two_variables(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        entry("POST /login", answer={"token": TOKEN}),
        entry("GET /a", headers={"Authorization": f"Bearer {TOKEN}"}),
        entry("POST /b", json_body={"token": "hunter2222"}),
    )
    _, shown, posted = loaded.profile.steps
    assert saves(loaded) == {1: {"token": "token"}}
    assert shown.request.headers == {"Authorization": "Bearer {token}"}
    assert posted.request.json == {"token": "{token_2}"}
    assert {name: each.recorded for name, each in loaded.profile.secrets.items()} == {"token_2": "hunter2222"}


def test_values_of_a_query_that_is_text_are_looked_at_too(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        entry("POST /runs", answer={"id": RUN}),
        entry(f"GET /x?access_token=SECRET%2F1&flag&run={RUN}&a={{b}}"),
        entry("GET /y?a=1&api_key=hunter2222&a=2"),
    )
    assert paths(loaded)[1:] == [
        "/x?access_token={access_token}&flag&run={run_id}&a={{b}}",
        "/y?a=1&api_key={api_key}&a=2",
    ]
    assert [step.name for step in loaded.profile.steps] == ["POST /runs", "GET /x", "GET /y"]
    assert [each.recorded for each in loaded.profile.secrets.values()] == ["SECRET%2F1", "hunter2222"]


def test_texts_below_a_secrets_name_are_secrets(tmp_path: Path) -> None:
    sent = {"password": {"value": "hunter2222", "days": 30}, "jwt": "abc.def", "list": [{"sig": "xyz"}]}
    loaded = read(tmp_path, entry("POST /a", json_body=sent))
    assert loaded.profile.steps[0].request.json == {
        "password": {"value": "{value}", "days": 30},
        "jwt": "{jwt}",
        "list": [{"sig": "{sig}"}],
    }


@pytest.mark.parametrize("kind", ["text/plain;charset=UTF-8", None])
def test_json_that_is_sent_as_text_is_json(tmp_path: Path, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    data = {"mimeType": kind, "text": '{"password": "hunter2222"}'} if kind else {"text": '{"password": "hunter2222"}'}
    request = read(tmp_path, entry("POST /a", headers=headers, post_data=data)).profile.steps[0].request
    assert (request.json, request.data, request.headers) == ({"password": "{password}"}, None, headers)


def test_secrets_that_no_answer_gave_become_variables(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        entry("POST /login?api_key=k1234567", json_body={"user": "ada", "password": "correct horse", "pin": 1234}),
        entry("GET /a", headers={"Authorization": "Bearer abc", "Cookie": "sid=1", "X-Api-Key": "k1234567"}),
    )
    login, after = loaded.profile.steps
    assert login.request.query == {"api_key": ("{api_key}",)}
    assert login.request.json == {"user": "ada", "password": "{password}", "pin": "{pin}"}
    assert after.request.headers == {"Authorization": "Bearer {authorization}", "X-Api-Key": "{api_key}"}
    assert {name: (each.env, each.recorded) for name, each in loaded.profile.secrets.items()} == {
        "api_key": ("SHOP_API_KEY", "k1234567"),
        "password": ("SHOP_PASSWORD", "correct horse"),
        "pin": ("SHOP_PIN", "1234"),
        "authorization": ("SHOP_AUTHORIZATION", "abc"),
    }
    assert "correct horse" not in repr(loaded.profile)
    assert any("json pin is sent as text" in note for note in loaded.notes)
    assert any("no recorded answer set the cookie sid" in note for note in loaded.notes)

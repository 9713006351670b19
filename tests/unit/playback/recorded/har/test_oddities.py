"""HARs with one odd entry among good ones: what is not played is a note, and of what is played only what is sent counts."""

from __future__ import annotations

import base64
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from recordings import URL, entry, har

from profcov.errors import ProfileFormatError
from profcov.playback.loading import Loaded, load
from profcov.playback.recorded.har.text import parse_har

if TYPE_CHECKING:
    from pathlib import Path

BEFORE, AFTER = entry("GET /before", answer={"id": "a1b2c3d4e5"}), entry("GET /after/a1b2c3d4e5")
FAILED: dict[str, Any] = {"headers": [], "content": {"size": -1, "mimeType": "x-unknown"}, "bodySize": -1}


def odd(request: dict[str, Any] | None = None, response: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    """Return a good entry, ``GET /odd``, with some of its fields replaced."""
    good = entry("GET /odd")
    return (
        good | {"request": good["request"] | (request or {}), "response": good["response"] | (response or {})} | parts
    )


def without(key: str) -> dict[str, Any]:
    good = entry("GET /odd")
    del good["response"][key]
    return good


def read(folder: Path, *entries: Any) -> Loaded:
    (folder / "shop.har").write_text(json.dumps(har(*entries)))
    return load(folder / "shop.har")


def paths(loaded: Loaded) -> list[str]:
    return [step.request.path for step in loaded.profile.steps]


NOT_PLAYED = {
    "Playwright: cancelled": (
        odd(response=FAILED | {"status": -1, "_failureText": "net::ERR_ABORTED"}),
        "not answered",
    ),
    "WebPagetest": (odd(response={"status": -2}), "not answered"),
    "WebPagetest: Windows's error": (odd(response={"status": 12029}), "not answered"),
    "Chrome: blocked": (odd(response=FAILED | {"status": 0, "_error": "net::ERR_FAILED"}), "not answered"),
    "200, but nothing came": (
        odd(response=FAILED | {"status": 200, "_failureText": "net::ERR_ABORTED"}),
        "not answered",
    ),
    "an interim answer": (odd(response={"status": 103}), "not answered"),
    "Proxyman": (odd(response=None) | {"response": None}, "not answered"),
    "no status": (without("status"), "not answered"),
    "status is text": (odd(response={"status": "soon"}), "not answered"),
    "Charles": (odd(response={"status": 503, "_charlesStatus": "FAILED"}), "not answered"),
    "Fiddler": (odd(response={"status": 502, "statusText": "Fiddler - Connection Failed"}), "not answered"),
    "an endless stream": (
        odd(response={"content": {"mimeType": "text/event-stream"}}),
        "left out: a stream of events, which may have no end: 1 request",
    ),
    "a stream that was left": (
        odd(response={"content": {"mimeType": "text/event-stream", "text": "data: 1"}, "_error": "net::ERR_ABORTED"}),
        "left out: a stream of events, which may have no end: 1 request",
    ),
    "Chrome's preflight": (odd({"method": "OPTIONS"}, _resourceType="preflight"), "left out: a preflight: 1 request"),
    "an EventSource": (
        odd(
            {"headers": [{"name": "accept", "value": "text/event-stream"}]},
            {"content": {"mimeType": "text/event-stream", "text": "data: 1"}},
        ),
        "left out: a stream of events, which may have no end: 1 request",
    ),
    "no request": (odd(response=None) | {"request": None}, "entry 2: left out: it has no request"),
    "no entry": (7, "entry 2: left out: it has no request"),
    "no method": (odd({"method": None}), "entry 2: left out: it has no method"),
    "no URL": (odd({"url": ""}), "entry 2: left out: it has no URL"),
    "CONNECT": (odd({"method": "CONNECT", "url": "shop.test:443"}), "left out: a tunnel through a proxy: 1 request"),
    "a websocket": (odd({"url": "ws://shop.test/"}), "left out: a websocket: 1 request"),
    "a websocket's start": (odd(response={"status": 101}), "left out: a websocket: 1 request"),
    "data": (odd({"url": "data:,x"}), "left out: data: is not HTTP: 1 request"),
    "half a URL": (odd({"url": "http://[x"}), "left out: its URL is not one: 1 request"),
    "no server": (odd({"url": "//"}), "left out: its URL is not one: 1 request"),
    "half a path": (odd({"url": "odd/1"}), "left out: its URL is not one: 1 request"),
    "the test answered": (odd(_wasFulfilled=True), "left out: answered by the browser itself: 1 request"),
    "Safari's cache": (odd(_fetchType="Disk Cache"), "left out: answered by the browser itself: 1 request"),
    "chrome-har's cache": (
        odd(response={"fromDiskCache": True}),
        "left out: answered by the browser itself: 1 request",
    ),
    "no base64 in a picture": (
        odd(response={"content": {"mimeType": "image/png", "text": "a", "encoding": "base64"}}),
        "left out: a static file: 1 request",
    ),
    "no body": (
        odd({"method": "POST", "bodySize": 7}),
        "entry 2: left out: the recording does not have the body of POST /odd (7 bytes)",
    ),
    "the beginning of a body": (
        odd(
            {
                "method": "POST",
                "postData": {"mimeType": "text/plain", "text": "\xc8" * 70_000},
                "headers": [{"name": "Content-Length", "value": "200000"}],
            }
        ),
        "entry 2: left out: request.postData: only the beginning of its 200,000 bytes is recorded",
    ),
    "no base64": (
        odd({"method": "POST", "postData": {"text": "a", "encoding": "base64"}}),
        "entry 2: left out: request.postData: not base64, though encoding says so",
    ),
}


@pytest.mark.parametrize(("entry_", "note"), NOT_PLAYED.values(), ids=NOT_PLAYED)
def test_an_entry_that_is_not_played_refuses_no_other(tmp_path: Path, entry_: Any, note: str) -> None:
    loaded = read(tmp_path, BEFORE, entry_, AFTER)
    assert paths(loaded) == ["/before", "/after/{before_id}"]
    (told,) = loaded.notes
    assert note in told


PLAYED: dict[str, tuple[Any, dict[str, Any]]] = {
    "status is a text": (odd(response={"status": "201"}), {"status": (201,)}),
    "status of its own": (odd(response={"status": 999}), {"status": (999,)}),
    "cut off, but answered": (odd(response={"_failureText": "x", "headers": [{"name": "A", "value": "b"}]}), {}),
    "a stream that ends": (odd(response={"content": {"mimeType": "text/event-stream", "text": "data: 1"}}), {}),
    "no content": (without("content"), {}),
    "headers are null": (odd({"headers": None}, {"headers": None}), {}),
    "headers are a mapping": (odd({"headers": {"X-A": 1, "X-B": ["b"]}}), {"headers": {"X-A": "1", "X-B": "b"}}),
    "a header's value is a number": (odd({"headers": [{"name": "X-A", "value": 2}]}), {"headers": {"X-A": "2"}}),
    "a header's value is a list": (odd({"headers": [{"name": "X-A", "value": ["2"]}]}), {"headers": {"X-A": "2"}}),
    "a header has no name": (odd({"headers": [{"name": "", "value": "x"}, {}, 7]}), {"headers": {}}),
    "an answer's header is odd": (odd(response={"headers": [{"name": "", "value": 1}, {"name": "Location"}]}), {}),
    "a method in lower case": (odd({"method": " put "}), {"method": "PUT"}),
    "braces": (odd({"url": f"{URL}/odd/{{id}}?q={{a}}"}), {"path": "/odd/{{id}}", "query": {"q": ("{{a}}",)}}),
    "postData is a text": (odd({"method": "POST", "postData": "a"}), {"data": "a"}),
    "postData is empty": (odd({"method": "POST", "postData": {}}), {"data": None}),
    "postData has params only": (
        odd({"method": "POST", "postData": {"params": [{"name": "a", "value": 1}]}}),
        {"form": {"a": ("1",)}},
    ),
    "postData has no type": (
        odd({"method": "POST", "postData": {"text": "a=1"}, "headers": [FORM := {
            "name": "content-type", "value": "application/x-www-form-urlencoded"}]}),
        {"form": {"a": ("1",)}},
    ),
    "postData has its JSON as it is": (odd({"method": "POST", "postData": {"text": {"a": None}}}), {"json": {"a": None}}),
    "postData is bytes": (
        odd({"method": "POST", "postData": {"mimeType": "image/png", "text": "\x89ä"}, "headers": [
            {"name": "Content-Length", "value": "2"}]}),
        {"bytes": b"\x89\xe4"},
    ),
    "postData is escaped bytes": (
        odd({"method": "POST", "postData": {"mimeType": "image/png", "text": "\udc89ä"}}), {"bytes": b"\x89\xc3\xa4"}
    ),
    "HTTP Toolkit's bytes": (
        odd({"method": "POST", "bodySize": 2, "_requestBodyStatus": "discarded:not-representable", "_content": {
            "text": base64.b64encode(b"\x89\xe4").decode(), "size": 2, "encoding": "base64"}}),
        {"bytes": b"\x89\xe4"},
    ),
    "chrome-har's JSON": (
        odd({"method": "POST", "bodySize": 23, "postData": {"mimeType": "application/json", "params": [
            {"name": "a", "value": 1}, {"name": "a", "value": 2}, {"name": "b", "value": {"c": 1}}]}}),
        {"json": {"a": [1, 2], "b": {"c": 1}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("entry_", "expected"), PLAYED.values(), ids=PLAYED)
def test_of_an_entry_that_is_played_only_what_is_sent_counts(
    tmp_path: Path, entry_: Any, expected: dict[str, Any]
) -> None:
    loaded = read(tmp_path, BEFORE, entry_, AFTER)
    _, step, after = loaded.profile.steps
    assert (after.request.path, loaded.notes) == ("/after/{before_id}", ())
    sent: dict[str, Any] = {"path": "/odd", "status": (200,)} | expected
    found = {name: getattr(step.request, name, None) for name in sent} | {"status": step.expect.status}
    if "bytes" in sent:
        found["bytes"] = step.request.data.read()  # type: ignore[union-attr]
    assert found == sent


@pytest.mark.parametrize(
    "time",
    ["", None, "yesterday", "2026-01-02T25:00:00Z", "0001-01-01T00:00:00Z", "NaN-NaN-NaNTNaN:NaN", [], -1, 10**400],
)
def test_an_entry_that_does_not_tell_when_it_was_sent_comes_after_the_one_before_it(tmp_path: Path, time: Any) -> None:
    second = odd(startedDateTime=time)
    at = "2026-01-02T03:04:0{}Z"
    last, first = (entry(f"GET /{number}", startedDateTime=at.format(number)) for number in (2, 1))
    assert paths(read(tmp_path, first, second, last)) == ["/1", "/odd", "/2"]
    assert paths(read(tmp_path, last, second, first)) == ["/1", "/2", "/odd"]


@pytest.mark.parametrize(
    "time",
    [
        "Fri, 02 Jan 2026 03:04:05 GMT",
        "2026-01-02T03:04:05.1234567Z",
        "2026-01-02T04:04:05.9999999+01:00",
        "2026-01-02T03:04:05",
        1767323045,
        "1767323045.5",
        1767323045000,
    ],
)
def test_times_are_read_as_their_writers_have_them(tmp_path: Path, time: Any) -> None:
    around = [entry(f"GET /{number}", startedDateTime=f"2026-01-02T03:04:0{number}Z") for number in (6, 4)]
    assert paths(read(tmp_path, odd(startedDateTime=time), *around)) == ["/4", "/odd", "/6"]


def test_hour_24_is_the_next_day(tmp_path: Path) -> None:
    times = ("2026-01-02T24:00:00Z", "2026-01-03T00:00:01Z", "2026-01-02T23:59:59Z")
    entries = [entry(f"GET /{number}", startedDateTime=time) for number, time in enumerate(times)]
    assert paths(read(tmp_path, *entries)) == ["/2", "/0", "/1"]


def test_the_body_of_an_answer_that_cannot_be_read_is_reported_where_it_is_played(tmp_path: Path) -> None:
    content = {"mimeType": "text/html", "text": "a", "encoding": "base64"}
    loaded = read(tmp_path, BEFORE, odd(response={"content": content}), AFTER)
    assert loaded.notes == ("entry 2: the answer's body is not read: not base64, though encoding says so",)
    gone = odd(response={"content": {"mimeType": "application/json", "_file": "gone.json"}})
    (note,) = read(tmp_path, BEFORE, gone, AFTER).notes
    assert "there is no file 'gone.json' beside the recording" in note


def test_a_recording_of_requests_only_is_reported_and_played(tmp_path: Path) -> None:
    requests = [{"request": entry(f"GET /{number}")["request"]} for number in range(2)]
    loaded = read(tmp_path, *requests)
    assert [step.expect.status for step in loaded.profile.steps] == [(), ()]
    (note,) = loaded.notes
    assert note.startswith("it has requests only, and no answers")


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("\ufeff {}", None),
        ("{}\n<!-- saved -->", "14 characters after the end of the HAR are not read"),
        ("onInputData({});", None),
    ],
)
def test_what_stands_around_the_json_does_not_matter(tmp_path: Path, text: str, note: str | None) -> None:
    document = json.dumps(har(BEFORE, AFTER))
    (tmp_path / "shop.har").write_text(text.replace("{}", document))
    loaded = load(tmp_path / "shop.har")
    assert (len(loaded.profile.steps), loaded.notes) == (2, () if note is None else (note,))


def test_a_path_for_a_url_goes_to_the_profiles_own_server(tmp_path: Path) -> None:
    loaded = read(tmp_path, BEFORE, odd({"url": "/odd?a=1"}))
    assert (paths(loaded), loaded.profile.base_url) == (["/before", "/odd"], URL)
    assert loaded.notes == ("requests whose URL is a path only go to the profile's own server",)


def test_who_recorded_it_is_named_once(tmp_path: Path) -> None:
    document = har(BEFORE)
    document["log"] |= {
        "creator": {"name": "Firefox", "version": 153},
        "browser": {"name": "Firefox", "version": "153"},
    }
    (tmp_path / "shop.har").write_text(json.dumps(document))
    assert load(tmp_path / "shop.har").profile.description == "recorded by Firefox 153"


def test_the_log_by_itself_is_a_har(tmp_path: Path) -> None:
    (tmp_path / "shop.har").write_text(json.dumps(har(BEFORE)["log"]))
    assert paths(load(tmp_path / "shop.har")) == ["/before"]


ALMOST = {
    "a comma at the end of a list": (b"}]}}", b"},\n]}}"),
    "a comma at the end of a mapping": (b'"text": ""', b'"text": "",'),
    "a control character": (b'"text": ""', b'"text": "\x01"'),
    "no UTF-8": (b'"text": ""', b'"text": "\xff"'),
    "NaN": (b'"text": ""', b'"size": NaN'),
    "digits": (b'"text": ""', b'"size": ' + b"1" * 5000),
}


@pytest.mark.parametrize(("good", "bad"), ALMOST.values(), ids=ALMOST)
def test_json_that_is_almost_one_is_read(tmp_path: Path, good: bytes, bad: bytes) -> None:
    document = json.dumps(har(BEFORE, odd(), AFTER)).encode()
    (tmp_path / "shop.har").write_bytes(bad.join(document.rsplit(good, 1)))
    assert paths(load(tmp_path / "shop.har")) == ["/before", "/odd", "/after/{before_id}"]


def test_a_har_that_is_json_is_not_copied_to_be_read(tmp_path: Path) -> None:
    text = json.dumps(har({"text": "x" * 4_000_000}))
    tracemalloc.start()
    try:
        document, rest = parse_har(tmp_path / "shop.har", text)
        assert tracemalloc.get_traced_memory()[1] < 6_000_000  # the value that was read, once
    finally:
        tracemalloc.stop()
    assert (len(document["log"]["entries"]), rest) == (1, "")


@pytest.mark.parametrize("end", [-1, -4, -40, 60])
def test_a_file_that_was_cut_off_is_reported_as_that(tmp_path: Path, end: int) -> None:
    (tmp_path / "shop.har").write_text(json.dumps(har(BEFORE))[:end])
    with pytest.raises(ProfileFormatError, match="the file ends in the middle of a HAR"):
        load(tmp_path / "shop.har")


def test_the_server_is_the_one_that_answered_calls_and_pages(tmp_path: Path) -> None:
    static = [entry(f"GET http://cdn.test/{number}.js") for number in range(3)]
    blocked = [entry(f"GET http://ads.test/{number}", 0) for number in range(3)]
    assert read(tmp_path, *static, *blocked, BEFORE).profile.base_url == URL


def test_a_page_that_moved_to_https_is_the_one_that_is_played(tmp_path: Path) -> None:
    moved = entry("GET http://shop.test/", 301, "", pageref="p")
    page = entry("GET https://www.shop.test/", 200, "<p>", pageref="p")
    document = har(moved, page, entry("GET https://www.shop.test/api"))
    document["log"]["pages"] = [{"id": "p"}]
    (tmp_path / "shop.har").write_text(json.dumps(document))
    loaded = load(tmp_path / "shop.har")
    assert (loaded.profile.base_url, paths(loaded)) == ("https://www.shop.test", ["/", "/api"])


def test_what_is_wrong_in_many_entries_is_reported_in_few_lines(tmp_path: Path) -> None:
    nameless, unanswered = odd({"method": None}), odd(response={"status": -1})
    told = read(tmp_path, BEFORE, *[nameless] * 50, *[unanswered] * 50).notes
    assert told[0] == "entry 2, entry 3, entry 4, entry 5, entry 6 and 45 more: left out: it has no method"
    assert (len(told), told[-1]) == (32, "20 more are left out or odd")

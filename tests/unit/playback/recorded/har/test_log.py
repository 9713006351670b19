from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from recordings import entry, har, write_har

from profcov.errors import ProfileFormatError
from profcov.playback.loading import Loaded, load
from profcov.playback.recorded.har.log import read_har
from profcov.playback.recorded.hints import Hints
from profcov.playback.scenario.model import Upload

if TYPE_CHECKING:
    from pathlib import Path

FORM = "multipart/form-data; boundary=----b"
PARTS = (
    '------b\r\nContent-Disposition: form-data; name="units"\r\n\r\nm\r\n'
    '------b\r\nContent-Disposition: form-data; name="dem"; filename="dem.asc"\r\nContent-Type: text/plain\r\n\r\n'
    "{content}\r\n------b--\r\n"
)


def read(folder: Path, *entries: object, hints: str = "") -> Loaded:
    (folder / "shop.profcov.yaml").write_text(hints)
    return load(write_har(folder / "shop.har", *entries))


def notes(loaded: Loaded) -> str:
    return "\n".join(loaded.notes)


def test_steps_are_in_the_order_in_which_they_were_sent(tmp_path: Path) -> None:
    loaded = read(
        tmp_path,
        entry("GET /b", startedDateTime="2026-01-01T10:00:01+01:00"),
        entry("GET /a", startedDateTime="2026-01-01T09:00:00.5Z"),
    )
    assert [step.request.path for step in loaded.profile.steps] == ["/a", "/b"]


def test_what_the_browser_adds_is_not_sent_and_what_the_application_set_is(tmp_path: Path) -> None:
    sent = {
        ":authority": "shop",
        "Host": "shop",
        "Cookie": "a=b",
        "Sec-Fetch-Mode": "cors",
        "User-Agent": "x",
        "Accept": "*/*",
        "X-Profile-Trace": "old",
        "X-Requested-With": "XMLHttpRequest",
        "Accept-Language": "de",
    }
    loaded = read(tmp_path, entry("GET /a", headers=sent))
    assert loaded.profile.steps[0].request.headers == {"X-Requested-With": "XMLHttpRequest", "Accept-Language": "de"}


def test_a_change_comes_from_the_server_that_is_played_against(tmp_path: Path) -> None:
    own = {"Origin": "http://127.0.0.1:8000", "Referer": "http://127.0.0.1:8000/form?x=1"}
    others = {"Origin": "http://elsewhere", "Referer": "https://127.0.0.1:8000/"}
    entries = [entry("POST /a", headers=own), entry("GET /a", headers=own), entry("POST /a", headers=others)]
    found = [step.request.headers for step in read(tmp_path, *entries).profile.steps]
    assert found == [{"Origin": "{server}", "Referer": "{server}/"}, {}, {}]


def test_a_header_that_cannot_be_sent_matters_only_where_it_is_sent(tmp_path: Path) -> None:
    assert read(tmp_path, entry("GET /a", headers={"Cookie": "sid=käse€", "a b": ""})).profile.steps
    loaded = read(tmp_path, entry("GET /a", headers={"X-A": "käse€", "X-Api-Key": "käse€", "X-B": "b"}))
    assert loaded.profile.steps[0].request.headers == {"X-B": "b"}
    assert "entry 1: header X-A is left out: 'käse€' cannot be sent in a header" in notes(loaded)
    assert "entry 1: header X-Api-Key is left out: its value cannot be sent in a header" in notes(loaded)


def test_a_referer_that_is_no_url_is_left_out(tmp_path: Path) -> None:
    loaded = read(tmp_path, entry("POST /a", headers={"Referer": "http://[bad"}))
    assert loaded.profile.steps[0].request.headers == {}


@pytest.mark.parametrize("name", ["a\0b", "a" * 300, "../shop.har", "missing"])
def test_an_attachment_that_cannot_be_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        ProfileFormatError, match=r"entry 1: left out: request.postData: there is no file .* beside the rec"
    ):
        read(tmp_path, entry("POST /a", post_data={"mimeType": "text/plain", "_file": name}))


@pytest.mark.parametrize("charset", ["idna", "hex", "nothing"])
def test_a_charset_that_is_none_of_text_is_taken_for_utf_8(tmp_path: Path, charset: str) -> None:
    page = entry("GET /a", kind=f"text/html; charset={charset}")
    page["response"]["content"] |= {"encoding": "base64", "text": base64.b64encode("<p>ä".encode()).decode()}
    path = write_har(tmp_path / "x.har", page)
    assert read_har(path, har(page), Hints("x")).exchanges[0].answer.text == "<p>ä"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            {"mimeType": "application/x-www-form-urlencoded", "text": "&".join(["a=1"] * 10_001)},
            "entry 1: left out: request.postData: the form has more than 10,000 fields",
        ),
        (
            {"mimeType": FORM, "params": [{"name": "f", "fileName": "x", "value": "\ud800"}]},
            "entry 1: left out: request.postData: params 1: a text has half of a surrogate pair",
        ),
        (
            {"mimeType": FORM, "params": [{"name": "f", "fileName": "\ud800", "value": "x"}]},
            "entry 1: left out: a text has half of a surrogate pair",
        ),
        (
            {"mimeType": FORM, "text": "--b\ud800"},
            "entry 1: left out: request.postData: a text has half of a surrogate pair",
        ),
        (
            {"mimeType": "image/png", "encoding": "base64", "text": "a"},
            "entry 1: left out: request.postData: not base64, though encoding says so",
        ),
    ],
)
def test_a_form_that_cannot_be_sent_is_one_sentence(tmp_path: Path, data: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ProfileFormatError, match=sentence):
        read(tmp_path, entry("POST /a", post_data=data))


def test_redirects_are_played_as_recorded(tmp_path: Path) -> None:
    loaded = read(
        tmp_path, entry("POST /runs", 303, answer_headers=[("Location", "/runs/a1b2c3d4e5")]), entry("GET /x")
    )
    assert [step.expect.status for step in loaded.profile.steps] == [(303,), (200,)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"mimeType": "application/vnd.x+json", "text": '{"a": 1}'}, {"json": {"a": 1}, "has_json": True}),
        ({"mimeType": "application/json", "text": "{no"}, {"data": "{no"}),
        ({"mimeType": "application/json", "text": "[NaN]"}, {"data": "[NaN]"}),
        ({"mimeType": "text/xml", "text": "<a/>"}, {"data": "<a/>"}),
        (
            {"mimeType": "application/x-www-form-urlencoded", "text": "a=1&a=&b=%C3%A4"},
            {"form": {"a": ("1", ""), "b": ("ä",)}},
        ),
        (
            {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a", "value": "1"}]},
            {"form": {"a": ("1",)}},
        ),
        (
            {"mimeType": FORM, "text": PARTS.format(content="1 2")},
            {
                "form": {"units": ("m",)},
                "files": {"dem": (Upload("dem.asc", content=b"1 2", type="text/plain"),)},
                "multipart": True,
            },
        ),
        (
            {
                "mimeType": FORM,
                "params": [{"name": "f", "fileName": "x.txt", "value": "1", "contentType": "text/plain"}],
            },
            {"files": {"f": (Upload("x.txt", content=b"1", type="text/plain"),)}, "multipart": True},
        ),
    ],
)
def test_each_kind_of_body_is_read(tmp_path: Path, data: dict[str, Any], expected: dict[str, Any]) -> None:
    request = read(tmp_path, entry("POST /a", post_data=data)).profile.steps[0].request
    assert {name: getattr(request, name) for name in expected} == expected


ANY_BYTES = bytes(range(256)) * 2 + b"\r\n\n\r"


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("application/octet-stream", ANY_BYTES, {"data": Upload("body.bin", content=ANY_BYTES)}),
        ("text/plain", "ä".encode("latin-1"), {"data": Upload("body.bin", content=b"\xe4")}),
        ("text/plain", "ä\r\n".encode(), {"data": "ä\r\n"}),
        ("application/json", b'{"a": 1}', {"json": {"a": 1}, "has_json": True}),
        ("application/x-www-form-urlencoded", b"a=1&b=%C3%A4", {"form": {"a": ("1",), "b": ("ä",)}}),
        (
            FORM,
            PARTS.format(content="|").encode().replace(b"|", ANY_BYTES),
            {"form": {"units": ("m",)}, "files": {"dem": (Upload("dem.asc", content=ANY_BYTES, type="text/plain"),)}},
        ),
        (FORM, PARTS.format(content="").encode(), {"files": {"dem": (Upload("dem.asc", type="text/plain"),)}}),
    ],
)
def test_a_body_in_base64_is_what_was_sent_byte_for_byte(
    tmp_path: Path, kind: str, content: bytes, expected: dict[str, Any]
) -> None:
    data = {"mimeType": kind, "encoding": "base64", "text": base64.b64encode(content).decode()}
    request = read(tmp_path, entry("POST /a", post_data=data)).profile.steps[0].request
    assert {name: getattr(request, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("length", "sentence"), [("4", "what is no text is replaced"), (None, "what is no text is replaced"), ("6", None)]
)
def test_a_raw_body_that_the_recording_has_garbled_is_not_sent(
    tmp_path: Path, length: str | None, sentence: str | None
) -> None:
    data = {"mimeType": "image/png", "text": "\N{REPLACEMENT CHARACTER}PNG"}
    sent = entry("POST /a", post_data=data, headers={"Content-Length": length} if length else None)
    if sentence is None:
        assert read(tmp_path, sent).profile.steps[0].request.data == data["text"]
        return
    with pytest.raises(
        ProfileFormatError, match=f"entry 1: left out: in the recording of the body of POST /a .* {sentence}"
    ):
        read(tmp_path, sent)


def test_a_body_that_the_recording_has_unpacked_is_not_sent_as_packed(tmp_path: Path) -> None:
    packed = {
        "mimeType": "application/json",
        "encoding": "base64",
        "text": base64.b64encode(gzip.compress(b"{}")).decode(),
    }
    plain = {"mimeType": "application/json", "text": "{}"}
    headers = {"Content-Encoding": "gzip"}
    loaded = read(tmp_path, *(entry("POST /a", post_data=data, headers=headers) for data in (packed, plain)))
    assert [step.request.headers.get("Content-Encoding") for step in loaded.profile.steps] == ["gzip", None]


@pytest.mark.parametrize("content", ["", "\N{REPLACEMENT CHARACTER}PNG"])
def test_an_upload_that_the_recording_lacks_is_looked_for_beside_it(tmp_path: Path, content: str) -> None:
    sent = entry("POST /a", post_data={"mimeType": FORM, "text": PARTS.format(content=content)})
    with pytest.raises(
        ProfileFormatError, match=r"entry 1: left out: the recording does not have .* put it at .*shop.uploads/dem.asc"
    ):
        read(tmp_path, sent)
    (tmp_path / "shop.uploads").mkdir()
    (tmp_path / "shop.uploads/dem.asc").write_text("1 2 3")
    (upload,) = read(tmp_path, sent).profile.steps[0].request.files["dem"]
    assert (upload.name, upload.read(), upload.type) == ("dem.asc", b"1 2 3", "text/plain")


def test_a_body_that_the_recording_lacks_is_described_in_the_hints(tmp_path: Path) -> None:
    sent = entry("POST /runs/1/dem", headers={"Content-Type": FORM, "Content-Length": "278"})
    with pytest.raises(
        ProfileFormatError, match=r"body of POST /runs/1/dem \(278 bytes\): .* under forms in shop.profcov.yaml"
    ):
        read(tmp_path, sent)
    (tmp_path / "shop.uploads").mkdir()
    (tmp_path / "shop.uploads/d.asc").write_text("1")
    loaded = read(tmp_path, sent, hints="forms: {/dem: {form: {units: m}, files: {dem: d.asc}}}")
    request = loaded.profile.steps[0].request
    assert (request.form, request.files["dem"][0].read()) == ({"units": ("m",)}, b"1")


@pytest.mark.parametrize(
    ("kind", "hint", "expected"),
    [
        ("application/octet-stream", "data: a.bin", {"data": Upload("body.bin", content=b"\xff\x00")}),
        ("application/json", "data: a.json", {"json": {"a": 1}, "has_json": True}),
        ("application/x-www-form-urlencoded", "form: {a: 1}", {"form": {"a": ("1",)}, "multipart": False}),
        (FORM, "form: {a: 1}", {"form": {"a": ("1",)}, "multipart": True}),
    ],
)
def test_hints_describe_a_body_of_any_kind(tmp_path: Path, kind: str, hint: str, expected: dict[str, Any]) -> None:
    (tmp_path / "shop.uploads").mkdir()
    (tmp_path / "shop.uploads/a.bin").write_bytes(b"\xff\x00")
    (tmp_path / "shop.uploads/a.json").write_text('{"a": 1}')
    sent = entry("PUT /runs/1/raw", headers={"Content-Type": kind, "Content-Length": "9"})
    request = read(tmp_path, sent, hints=f"forms: {{/raw: {{{hint}}}}}").profile.steps[0].request
    assert {name: getattr(request, name) for name in expected} == expected
    with pytest.raises(ProfileFormatError, match=r"there is no file .*/gone, which the hints name"):
        read(tmp_path, sent, hints="forms: {/raw: {data: gone}}")


def test_a_body_that_is_missing_matters_only_where_it_is_played(tmp_path: Path) -> None:
    beacon = entry("POST http://tracker.example/", headers={"Content-Length": "9"})
    assert len(read(tmp_path, entry("GET /a"), entry("GET /b"), beacon).profile.steps) == 2


def test_bodies_may_be_base64_compressed_or_attached(tmp_path: Path) -> None:
    run = "f8a259247836"
    body = json.dumps({"id": run}).encode()
    plain, packed, attached = entry("GET /a"), entry("GET /b"), entry("GET /c")
    plain["response"]["content"] |= {"encoding": "base64", "text": base64.b64encode(body).decode()}
    packed["response"]["content"] |= {"encoding": "base64", "text": base64.b64encode(gzip.compress(body)).decode()}
    packed["response"]["headers"] = [{"name": "content-encoding", "value": "gzip"}]
    attached["response"]["content"] = {"mimeType": "application/json", "_file": "abc.json"}
    (tmp_path / "abc.json").write_bytes(body)
    path = write_har(tmp_path / "x.har", plain, packed, attached)
    exchanges = read_har(path, har(plain, packed, attached), Hints("x")).exchanges
    assert [exchange.answer.json for exchange in exchanges] == [{"id": run}] * 3


def test_the_server_is_the_first_pages_and_others_are_left_out_unless_named(tmp_path: Path) -> None:
    page = entry("GET http://shop.example/", 200, "<p>", pageref="p1")
    cdn = [entry(f"GET http://cdn.example/{number}") for number in range(3)]
    document = har(page, *cdn)
    document["log"]["pages"] = [{"id": "p1"}]
    path = tmp_path / "shop.har"
    path.write_text(json.dumps(document))
    loaded = load(path)
    assert (loaded.profile.base_url, len(loaded.profile.steps)) == ("http://shop.example", 1)
    assert "left out: another server, http://cdn.example (name it under servers in shop.profcov.yaml" in notes(loaded)
    (tmp_path / "shop.profcov.yaml").write_text(
        "servers: {cdn: http://cdn.example}\nslug: other\nbase_url: http://shop.example"
    )
    loaded = load(path)
    assert [step.request.path for step in loaded.profile.steps][:2] == ["/", "{cdn}/0"]
    assert (loaded.profile.slug, loaded.profile.variables) == ("other", {"cdn": "http://cdn.example"})


def test_noise_is_left_out_and_reported(tmp_path: Path) -> None:
    preflight = entry("OPTIONS /a", 204, headers={"Access-Control-Request-Method": "PUT"})
    entries = [
        entry("GET /a"),
        preflight,
        entry("GET /favicon.ico", 404),
        entry("GET /app.js"),
        entry("GET /logo", kind="image/png"),
        entry("GET /chart", _resourceType="image"),
        entry("GET /cached", _fromCache="disk"),
        entry("GET /socket", 101),
        entry("GET /aborted", 0),
        entry("PROPFIND /dav"),
        entry("GET chrome-extension://abc/x"),
    ]
    loaded = read(tmp_path, *entries)
    assert [step.request.path for step in loaded.profile.steps] == ["/a"]
    told = notes(loaded)
    for words in (
        "a preflight: 1 request",
        "what browsers ask of any server: 1 request",
        "a static file: 3 requests",
        "answered by the browser itself: 1",
        "a websocket: 1",
        "entry 9: left out: GET /aborted was not answered",
        "method PROPFIND",
        "left out: chrome-extension: is not HTTP: 1 request",
    ):
        assert words in told
    loaded = read(tmp_path, *entries, hints="keep: [static, noise, preflight]")
    assert [step.request.path for step in loaded.profile.steps] == [
        "/a",
        "/a",
        "/favicon.ico",
        "/app.js",
        "/logo",
        "/chart",
    ]


def test_the_slug_is_the_files_name_as_far_as_a_slug_can_be(tmp_path: Path) -> None:
    names = {"US small (2).har": "US-small-2", "a.har.json": "a", "..x.coverage.y.har": "x-coverage.y", "ä-b.har": "b"}
    assert {name: load(write_har(tmp_path / name, entry("GET /a"))).profile.slug for name in names} == names
    with pytest.raises(ProfileFormatError, match=r"slug: '' is not a slug"):
        load(write_har(tmp_path / "ä.har", entry("GET /a")))

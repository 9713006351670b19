from __future__ import annotations

import gzip
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recordings import entry, exchanged, har, write_events, write_har

from profcov.errors import ProfileFormatError
from profcov.playback.formats.document import read_document, write_document
from profcov.playback.formats.writer import write_profile
from profcov.playback.loading import find_files, find_slug, load, load_profiles

POSTMAN = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
YAML = "slug: shop\nsteps: [{name: a, request: {path: /a}}]\n"


def refusal(path: Path) -> str:
    with pytest.raises(ProfileFormatError) as refused:
        load(path)
    assert "\n" not in str(refused.value)
    return str(refused.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("shop.txt", YAML, "yaml"),
        ("shop.json", json.dumps({"slug": "shop", "steps": [{"name": "a", "request": {"path": "/a"}}]}), "yaml"),
        (
            "shop.json",
            json.dumps({"slug": "shop", "steps": [{"name": "a", "request": {"path": "/a", "query": {"stage": "x"}}}]}),
            "yaml",
        ),
        ("shop.yaml", '{slug: shop, steps: [{name: a, request: {path: /a, query: {"stage": "x"}}}]}', "yaml"),
        ("shop.yaml", json.dumps(har(entry("GET /a"))), "har"),
        ("shop.json", json.dumps({"version": 1, "stage": 5} | har(entry("GET /a", answer={"stage": "x"}))), "har"),
        ("shop.json", json.dumps({"version": 1} | har(entry("GET /a"))), "har"),
        ("shop.har", "\ufeff" + json.dumps(har(entry("GET /a"))), "har"),
        ("shop.txt", "\n".join(json.dumps(line) for line in exchanged(1, "GET /a")), "events"),
    ],
)
def test_the_format_is_found_by_the_content(tmp_path: Path, name: str, content: str, expected: str) -> None:
    path = tmp_path / "shop" / name
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    loaded = load(path)
    assert (loaded.format, loaded.profile.slug, loaded.profile.steps[0].request.path) == (expected, "shop", "/a")


def test_a_directory_is_searched_for_every_format(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(YAML)
    write_har(tmp_path / "b.har", entry("GET /a"))
    (tmp_path / "b.profcov.yaml").write_text("slug: c")
    (tmp_path / "data.json").write_text("{}")
    write_events(tmp_path / "d", *exchanged(1, "GET /a"))
    assert [each.slug for each in load_profiles([tmp_path])] == ["shop", "c", "d"]
    assert find_files([tmp_path / "d"]) == find_files([tmp_path / "d/capture"]) == [tmp_path / "d/capture/events.jsonl"]


@pytest.mark.parametrize(
    ("name", "content", "slug"),
    [
        ("a.yaml", "slug: us-syntax\nsteps: [\n", "us-syntax"),
        ("a.yaml", "# slug: b\nslug:   'c.d' # e\n", "c.d"),
        ("a.yaml", '{"slug": "us-flow", "steps": 7}', "us-flow"),
        ("a.yaml", "slug: &x b\nsteps: [\n", "a"),
        ("a b.yaml", "- 7", "a-b"),
        ("a.yaml", b"\xff", "a"),
        ("odd.har", "{", "odd"),
        ("hinted.har", "{", "eu-hinted"),
        ("wrong.har", "{", "wrong"),
        ("ended.har", "{", "v1.txt"),
        ("captured/capture/events.jsonl", "{}\n", "captured"),
    ],
)
def test_the_slug_is_found_without_the_profile(tmp_path: Path, name: str, content: str | bytes, slug: str) -> None:
    (tmp_path / "hinted.profcov.yaml").write_text("slug: eu-hinted")
    (tmp_path / "wrong.profcov.yaml").write_text("slug: [")
    (tmp_path / "ended.profcov.yaml").write_text("slug: v1.txt")
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert find_slug(path) == slug


def test_an_empty_directory_and_two_equal_slugs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileFormatError, match="there is no profile in it"):
        load_profiles([tmp_path])
    (tmp_path / "a.yaml").write_text(YAML)
    write_har(tmp_path / "shop.har", entry("GET /a"))
    with pytest.raises(ProfileFormatError, match=r"shop.har: slug: 'shop' is already the slug of .*a.yaml"):
        load_profiles([tmp_path])


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.har", '{"log": {"entries": [', "line 1, column 22: the file ends in the middle of a HAR"),
        ("b.har", '{"entries": {}}', "log.entries: there is no such list"),
        ("c.har", json.dumps(har()), "there is no request to play; it is empty"),
        ("d.har", json.dumps(har("x")), "there is no request to play; entry 1: left out: it has no request"),
        (
            "f.har",
            json.dumps(har(entry("GET /a", 1000))),
            "there is no request to play; entry 1: left out: GET /a was not answered",
        ),
        ("j.har", json.dumps(har(entry("GET data:,x"))), "there is no request to play"),
        ("k.har", '{"log": NaN}', "log.entries: there is no such list"),
        (
            "l.har",
            json.dumps(har(entry("POST /a", json_body={"a": "\ud800"}))),
            "there is no request to play; entry 1: left out: a text has half of a surrogate pair",
        ),
        (
            "m.har",
            json.dumps(har(entry("POST /a", post_data={"mimeType": "multipart/form-data", "text": "x"}))),
            "there is no request to play; entry 1: left out: request.postData: the multipart form",
        ),
        ("capture/events.jsonl", "", "no request in it can be played"),
        (
            "capture/events.jsonl",
            '{"stage": "request"\n',
            "no request in it can be played: line 1: left out: column 20: not JSON",
        ),
        (
            "capture/events.jsonl",
            '\n{"stage": "request", "id": []}\n',
            "no request in it can be played: line 2: left out: id: must be text, a number",
        ),
        ("capture/events.jsonl", "7\n", "no request in it can be played: line 1: left out: must be a mapping, not 7"),
        (
            "capture/events.jsonl",
            '{"stage": "response", "id": 1, "status": 200}\n',
            "no request in it can be played: line 1: left out: an answer to something, whose request was not recorded",
        ),
        (
            "capture/events.jsonl",
            "\n".join(json.dumps(line) for line in exchanged(1, "POST /a", jsonPayload="{")),
            "no request in it can be played: line 1: left out: requestMeta.jsonPayload: '{' is not JSON",
        ),
        (
            "capture/events.jsonl",
            "\n".join(json.dumps(line) for line in exchanged(1, "GET ftp://x")),
            "no request in it can be played: line 1: left out: endpoint: 'ftp://x'",
        ),
        ("a.json", json.dumps({"info": {"name": "s", "schema": POSTMAN}, "item": []}), "a Postman collection, which"),
        ("b.json", json.dumps({"collection": {"info": {"_postman_id": "x"}}}), "a Postman collection, which is not"),
        ("a.yaml", "slug: a\nsteps: [\n", "line 3, column 1"),
        ("b.yaml", "", "line 1, column 1: the file is empty"),
        ("c.yaml", '{"slug": "a", "steps": 7}', "line 1, column 24: steps: must be a list with something in it, not 7"),
        ("d.yaml", YAML + "  - {name: b, request: {path: /b}, save: {x: {html: a, text: b}}}", "line "),
    ],
)
def test_each_malformed_file_gets_one_clear_message(tmp_path: Path, name: str, content: str, sentence: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    assert refusal(path).startswith(sentence)


def nested(start: str, again: str) -> str:
    """Return YAML in which each anchor stands for two of the one before, thirty times over."""
    return start + "".join(f"b{i}: &b{i} {again.format(f'b{i - 1}' if i else 'a')}\n" for i in range(30))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "a.yaml",
            nested("a: &a x\n", "[*{0}, *{0}]"),
            "line 20, column 6: with its aliases (*name) written out it has more than 1,000,000 values",
        ),
        (
            "a.yaml",
            nested("a: &a {x: 1}\n", "{{<<: [*{0}, *{0}]}}"),
            "line 15, column 6: merges (<<) of more than 10,000 keys",
        ),
        (
            "a.yaml",
            f"a: &a {{{', '.join(f'k{i}: 1' for i in range(2000))}}}\n"
            + "".join(f"b{i}: {{<<: *a}}\n" for i in range(600)),
            "line 502, column 7: merges (<<) of more than 1,000,000 keys",
        ),
        ("a.yaml", "a: &a [*a]", "line 1, column 4: a value contains itself"),
        ("a.yaml", "[" * 100_000, "line 1, column 201: nested too deeply"),
        (
            "a.yaml",
            "a: &b0 [x]\n" + "".join(f"c{i}: &b{i + 1} [*b{i}]\n" for i in range(5000)) + "d: *b5000",
            "line 201, column 7: nested too deeply",
        ),
        ("a.yaml", "slug: \0", "line 1, column 7: a control character"),
        (
            "a.yaml",
            f"{YAML}description: {'1' * 5000}",
            "line 3, column 14: a value cannot be read: a number has too many digits",
        ),
        (
            "a.yaml",
            YAML.replace("}}", f"}}, save: {{x: '{'(' * 3000}'}}}}"),
            "line 2, column 50: step 1 'a': save.x: '(((",
        ),
        (
            "a.yaml",
            YAML.replace("}}", f"}}, save: {{x: {{text: '{'(' * 3000}'}}}}}}"),
            "line 2, column 57: step 1 'a': save.x.text: '(((",
        ),
        (
            "a.yaml",
            YAML.replace("/a}", f"/a, files: {{f: {'x' * 5000}}}}}"),
            "line 2, column 50: step 1 'a': request.files.f: there is no file",
        ),
        ("a.yaml", YAML + f"base_url: {'x' * 5000}", "line 3, column 11: base_url: 'xxx"),
        ("a.har", "[" * 100_000, "nested too deeply"),
        ("a.har", f'{{"log": {"1" * 5000}}}', "log.entries: there is no such list"),
        (
            "a.har",
            json.dumps(har(entry(f"GET /{'x/' * 100_000}"))),
            "there is no request to play; entry 1: left out: its address has 200,022 characters: more than",
        ),
        (
            "capture/events.jsonl",
            "\n".join(json.dumps(line) for line in exchanged(1, f"POST /{'x' * 5000}", bodyType="form-data")),
            "no request in it can be played: line 1: left out: POST /xxx",
        ),
        (
            "capture/events.jsonl",
            json.dumps(exchanged("x" * 5000, "GET /a")[1]),
            "no request in it can be played: line 1: left out: an answer to something",
        ),
    ],
)
def test_a_hostile_file_gets_one_clear_message(tmp_path: Path, name: str, content: str, sentence: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    told = refusal(path)
    assert told.startswith(sentence)
    assert len(told) < 1000


def test_a_recording_with_the_longest_name_that_there_can_be_has_no_hints(tmp_path: Path) -> None:
    assert load(write_har(tmp_path / f"{'a' * 251}.har", entry("GET /a"))).profile.slug == "a" * 100


def test_archives_and_binary_files_are_reported_as_what_they_are(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.har.zip", "w") as archive:
        archive.writestr("har.har", "{}")
    (tmp_path / "b.har").write_bytes(gzip.compress(b"{}"))
    (tmp_path / "c.yaml").write_bytes(b"{\xff}")
    assert refusal(tmp_path / "a.har.zip") == "a zip archive: unpack it and give the .har in it"
    assert refusal(tmp_path / "b.har") == "gzip: unpack it"
    assert refusal(tmp_path / "c.yaml") == "line 1, column 2: not UTF-8 text"
    assert refusal(tmp_path / "no.har") == "cannot be read: No such file or directory"


@pytest.mark.parametrize(
    ("hints", "sentence"),
    [
        ("nonsense: 1", "nonsense: unknown key"),
        ("base_url: shop", "base_url: 'shop' is not a URL"),
        ("forms: {/a: {data: a, form: {b: 1}}}", "forms./a.data: cannot be sent together with form or files"),
        ("keep: [all]", "keep: must be among static, preflight, noise"),
        ("correlate: {off: [[1]]}", "correlate.off: each must be a recorded value"),
        ("correlate: {pin: {'7': {step: 0, json: id}}}", "correlate.pin.7.step: must be the number of a step, not 0"),
        ("correlate: {pin: {'7': {step: 1}}}", "correlate.pin.7: must have one of json, header"),
        ("correlate: {pin: {'7': {step: 1, json: 'a['}}}", "correlate.pin.7.json: 'a[' is not a JMESPath expression"),
        ("servers: {api-url: http://a}", "servers.api-url: a variable's name has letters"),
    ],
)
def test_wrong_hints_get_one_clear_message(tmp_path: Path, hints: str, sentence: str) -> None:
    (tmp_path / "a.profcov.yaml").write_text(hints)
    with pytest.raises(ProfileFormatError) as refused:
        load(write_har(tmp_path / "a.har", entry("GET /a")))
    assert re.sub(r": line 1, column \d+", "", str(refused.value)).startswith(
        f"{tmp_path / 'a.profcov.yaml'}: {sentence}"
    )
    assert refused.value.place is not None


def test_all_that_is_wrong_with_hints_is_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.profcov.yaml").write_text(
        "slug: 7\nkeep: all\nservers: {a: b}\nvariables: {c-d: 1}\nx: 1\n"
        "correlate: {pin: {v: {step: 0}}, off: 1}\nforms: {/a: {form: []}}\njobs: x\n"
    )
    with pytest.raises(ProfileFormatError) as refused:
        load(write_har(tmp_path / "a.har", entry("GET /a")))
    places = [re.findall(r"line (\d+), column \d+: ([\w./-]+)", line) for line in str(refused.value).splitlines()]
    assert [place for (place,) in places] == [
        ("1", "slug"),
        ("2", "keep"),
        ("3", "servers.a"),
        ("4", "variables.c-d"),
        ("5", "x"),
        ("6", "correlate.pin.v.step"),
        ("6", "correlate.off"),
        ("7", "forms./a.form"),
        ("8", "jobs"),
    ]


def test_the_examples_of_the_documentation_are_of_the_format(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/how-to/playback.md").read_text()
    profile, hints = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/dem.asc").touch()
    (tmp_path / "a.yaml").write_text(profile)
    assert len(load(tmp_path / "a.yaml").profile.steps) == 5
    (tmp_path / "b.profcov.yaml").write_text(hints)
    recorded = load(
        write_har(tmp_path / "b.har", entry("GET https://shop.example/a"), entry("GET https://api.example/b"))
    )
    assert (recorded.profile.slug, recorded.profile.steps[1].request.path) == ("shop-order", "{api}/b")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["GET", "http://a/b", "POST"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
KEYS = [
    "method",
    "url",
    "headers",
    "postData",
    "status",
    "content",
    "text",
    "mimeType",
    "params",
    "name",
    "value",
    "encoding",
]
PARTS = st.dictionaries(
    st.sampled_from(KEYS), VALUES | st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4), max_size=6
)
ENTRIES = st.fixed_dictionaries({"request": PARTS | VALUES, "response": PARTS | VALUES})
BODIES = st.builds(
    lambda path, answer, body: entry(f"POST /{path}", 200, answer, json_body=body),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    VALUES,
    VALUES,
)
HARS = st.builds(lambda entries: har(*entries), st.lists(ENTRIES | BODIES | VALUES, min_size=1, max_size=3))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=HARS | VALUES)
def test_any_json_is_a_profile_or_a_clear_refusal(tmp_path: Path, document: object) -> None:
    path = tmp_path / "fuzz.har"
    path.write_text(json.dumps(document), encoding="utf-8")
    try:
        profile = load(path).profile
    except ProfileFormatError:
        return
    (tmp_path / "again.yaml").write_text(write_profile(profile).text, encoding="utf-8")
    again = load(tmp_path / "again.yaml").profile
    assert [step.request for step in again.steps] == [step.request for step in profile.steps]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(
        VALUES
        | st.fixed_dictionaries(
            {"stage": st.sampled_from(["request", "response"]), "id": st.just(1)},
            optional={"method": VALUES, "endpoint": VALUES, "requestMeta": VALUES, "status": VALUES, "ok": VALUES},
        ),
        max_size=4,
    )
)
def test_any_lines_are_a_profile_or_a_clear_refusal(tmp_path: Path, lines: list[object]) -> None:
    refusal, count = "", 0
    try:
        count = len(load(write_events(tmp_path, *lines)).profile.steps)
    except ProfileFormatError as error:
        refusal = str(error)
    assert bool(count) != bool(refusal)
    assert not refusal or ("events.jsonl" in refusal and "\n" not in refusal)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60))
def test_any_text_is_a_profile_or_a_clear_refusal(tmp_path: Path, text: str) -> None:
    for name in ("a.yaml", "a.har", "a.json"):
        path = tmp_path / name
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        with pytest.raises(ProfileFormatError):
            load(path)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["on", "1e3", "012", "~", "<<", "0o7", "-", "2024-01-31", "1:2"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.dictionaries(
        TEXTS,
        st.recursive(
            TEXTS | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
            max_leaves=6,
        ),
        max_size=4,
    )
)
def test_a_value_written_as_yaml_is_read_as_the_same_value(tmp_path: Path, value: dict[str, Any]) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(write_document(value), encoding="utf-8")
    assert read_document(path) == value

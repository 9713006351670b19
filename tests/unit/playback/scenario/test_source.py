from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
import requests

from profcov.errors import ProfileFormatError
from profcov.playback.client.failure import StepFailedError
from profcov.playback.formats.reader import load_profile
from profcov.playback.scenario.source import read_fields

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.playback.scenario.source import Source

PAGE = """<html><head><meta name="csrf" content="from-meta"></head><body>
<form><input name="token" value="a&amp;b"><input name="token" value="second"><input name="empty"></form>
<script>var run = 'r-17';</script></body></html>"""


def source(folder: Path, text: str) -> Source:
    path = folder / "a.yaml"
    step = f"{{name: a, request: {{path: /a}}, save: {{x: {text}}}}}"
    path.write_text(dedent(f"slug: a\nsteps: [{step}]\n"), encoding="utf-8")
    found = load_profile(path).steps[0].save["x"]
    assert repr(source_document(found, folder)) == repr(found.document())
    return found


def source_document(found: Source, folder: Path) -> object:
    """Return the document of a source that is written and read again."""
    from profcov.playback.formats.document import read_document, write_document

    (folder / "b.yaml").write_text(write_document({"x": found.document()}))
    return read_document(folder / "b.yaml")["x"]


def answer(body: str, url: str = "http://a/runs/7/cfg", **headers: str) -> requests.Response:
    made = requests.Response()
    made._content = body.encode()
    made.url = url
    made.status_code = 200
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    made.request = requests.Request("GET", url, headers={"Cookie": "who=me; other=1"}).prepare()
    made.cookies.set("csrftoken", "abc")
    return made


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("run.id", 7),
        ("{json: run.id}", 7),
        ("{json: link, match: '/runs/([0-9]+)'}", "9"),
        ("{json: run.id, match: '([0-9]+)'}", None),
        ("{json: nothing}", None),
        ("{header: etag}", '"v1"'),
        ("{header: Location, match: '/runs/([0-9]+)'}", "8"),
        ("{header: X-None}", None),
        ("{header: ETag, match: '(z)'}", None),
        ("{cookie: csrftoken}", "abc"),
        ("{cookie: who}", "me"),
        ("{cookie: none}", None),
        ("{text: 'link.*runs/([0-9]+)'}", "9"),
        ("{anywhere: '/runs/([0-9]+)'}", "7"),
        ("{anywhere: '/x/([0-9]+)|runs/(8)'}", "8"),
        ("{anywhere: '\"id\": ([0-9]+)'}", "7"),
    ],
)
def test_each_source_finds_its_place(tmp_path: Path, text: str, found: object) -> None:
    came = answer('{"run": {"id": 7}, "link": "/runs/9"}', ETag='"v1"', Location="/runs/8")
    assert source(tmp_path, text).find(came) == found


def test_a_location_that_is_no_address_is_passed_over(tmp_path: Path) -> None:
    came = answer("/runs/9", url="http://a/x", Location="http://[bad")
    assert source(tmp_path, "{anywhere: '/runs/([0-9]+)'}").find(came) == "9"


@pytest.mark.parametrize(("name", "found"), [("token", "a&b"), ("csrf", "from-meta"), ("empty", None), ("none", None)])
def test_fields_of_a_page_are_found_by_name(tmp_path: Path, name: str, found: object) -> None:
    assert source(tmp_path, f"{{html: {name}}}").find(answer(PAGE)) == found


def test_a_page_that_cannot_be_read_to_its_end_is_read_as_far_as_it_can_be() -> None:
    found = read_fields("<input name=a value=1><![x[ ]]><input name=b value=2>")
    assert found in ([("a", "1")], [("a", "1"), ("b", "2")])  # newer releases of Python read on


def test_an_answer_without_json_fails_the_step(tmp_path: Path) -> None:
    with pytest.raises(StepFailedError, match="expected JSON"):
        source(tmp_path, "id").find(answer(PAGE))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{}", "save.x: must have one of json, header, cookie, html, text, anywhere, not none"),
        ("{json: a, cookie: b}", "save.x: must have one of .*, not json and cookie"),
        ("{cookie: b, match: '(a)'}", "save.x.match: goes with json and header; with cookie, write the pattern there"),
        ("{text: '('}", r"save.x.text: '\(' is not a regular expression"),
        ("{text: 'a'}", "save.x.text: 'a' needs a group"),
        ("{css: a}", "save.x.css: unknown key"),
        ("7", "save.x: must be text, not 7"),
    ],
)
def test_a_wrong_source_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ProfileFormatError, match=sentence):
        source(tmp_path, text)


def test_messages_call_each_source_by_its_place(tmp_path: Path) -> None:
    texts: dict[str, Any] = {
        "a.b": "'a.b'",
        "{json: a, match: '(b)'}": "'a' by '(b)'",
        "{header: ETag}": "header ETag",
        "{cookie: c}": "cookie c",
        "{html: h}": "the page's input or meta h",
        "{text: '(t)'}": "'(t)'",
    }
    assert {text: str(source(tmp_path, text)) for text in texts} == texts

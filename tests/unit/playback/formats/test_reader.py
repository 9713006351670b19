from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from profcov.errors import ProfileFormatError
from profcov.playback.formats.reader import load_profile
from profcov.playback.loading import load_profiles
from profcov.playback.scenario.model import Upload, Wait

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.playback.scenario.model import Profile

FULL = """
slug: us-small
description: one line
base_url: http://127.0.0.1:8000
variables: {name: palouse, size: 3, huc: 0170, day: 2024-01-31, on: no, api: "http://127.0.0.1:8001"}
steps:
  - name: create run
    request: {method: POST, path: /api/runs, json: {name: "{name}", size: "{size}", raw: "{{x}}"}}
    expect: {status: [200, 201], json: {state: new}, headers: {Content-Type: application/json}, text: new}
    save: {run_id: id}
  - name: upload
    request:
      method: POST
      path: "/api/runs/{run_id}/dem"
      files: {dem: data/dem.asc}
      form: {units: m, fill: true, "n": 3}
      query: {a: 1, b: [x, "{name}"]}
      headers: {X-Run: "{run_id}"}
  - name: climate
    request: {method: PUT, path: "{api}/climate", data: '{"method": "daymet"}'}
    save: {job_id: job_id}
    wait: {path: "/jobs/{job_id}", until: "status == 'finished'", fail: "status == 'failed'", timeout: 9, interval: 0.5}
"""


def load(folder: Path, text: str, **variables: str) -> Profile:
    path = folder / "p.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return load_profile(path, variables)


def steps(*lines: str) -> str:
    return "slug: a\nsteps:\n" + "".join(f"  {line}\n" for line in lines)


def test_a_full_profile_is_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/dem.asc").write_text("1")
    profile = load(tmp_path, FULL)
    create, upload, climate = profile.steps
    assert (profile.slug, profile.description, profile.base_url) == ("us-small", "one line", "http://127.0.0.1:8000")
    assert create.request.json == {"name": "{name}", "size": "{size}", "raw": "{{x}}"}
    assert (create.expect.status, create.expect.json, create.expect.text) == ((200, 201), {"state": "new"}, "new")
    assert create.expect.headers == {"Content-Type": "application/json"}
    assert create.save["run_id"].document() == "id"
    assert upload.request.files == {"dem": (Upload("dem.asc", tmp_path / "data/dem.asc"),)}
    assert upload.request.form == {"units": ("m",), "fill": ("true",), "n": ("3",)}
    assert upload.request.query == {"a": ("1",), "b": ("x", "{name}")}
    assert climate.request.data == '{"method": "daymet"}'
    assert isinstance(climate.wait, Wait)
    assert (climate.wait.timeout, climate.wait.interval) == (9.0, 0.5)
    assert climate.wait.fail is not None
    assert climate.wait.fail.search({"status": "failed"}) is True


def test_yaml_values_are_what_they_look_like(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/dem.asc").write_text("1")
    variables = load(tmp_path, FULL).variables
    assert variables == {
        "name": "palouse",
        "size": 3,
        "huc": "0170",
        "day": "2024-01-31",
        "on": "no",
        "api": "http://127.0.0.1:8001",
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e3", 1000.0), ("-1.5", -1.5), (".5", 0.5), ("+7", 7), ("true", True), ("12:30", "12:30"), ("0x10", "0x10")],
)
def test_numbers_and_truth_values_follow_yaml_1_2(tmp_path: Path, text: str, value: object) -> None:
    request = f"{{path: /, json: {text}}}"
    found = load(tmp_path, steps(f"- {{name: s, request: {request}}}")).steps[0].request.json
    assert found == value
    assert type(found) is type(value)


def test_null_is_a_json_value_of_its_own(tmp_path: Path) -> None:
    with_null, without = load(
        tmp_path,
        steps("- {name: a, request: {path: /, json: null}}", "- {name: b, request: {path: /}}"),
    ).steps
    assert (with_null.request.json, with_null.request.has_json) == (None, True)
    assert (without.request.json, without.request.has_json) == (None, False)


def test_merged_mappings_may_repeat_keys(tmp_path: Path) -> None:
    profile = load(
        tmp_path,
        """
        slug: a
        steps:
          - name: one
            request: &base {method: POST, path: /one, json: {a: 1}}
          - name: two
            request: {<<: *base, path: /two}
        """,
    )
    assert (profile.steps[1].request.method, profile.steps[1].request.path) == ("POST", "/two")


def test_of_merged_mappings_the_first_that_has_a_key_wins(tmp_path: Path) -> None:
    profile = load(
        tmp_path,
        """
        slug: a
        steps:
          - name: one
            request: &one {method: POST, path: /one, headers: &texts {accept: first}}
          - name: two
            request: &two {method: PUT, path: /two, json: {a: 1}, headers: {<<: *texts, accept: own}}
          - name: three
            request: {<<: [*one, *two]}
        """,
    )
    two, three = (step.request for step in profile.steps[1:])
    assert two.headers["accept"] == "own"
    assert (three.method, three.path, three.headers["accept"], three.json) == ("POST", "/one", "first", {"a": 1})


def test_a_mapping_may_merge_itself(tmp_path: Path) -> None:
    profile = load(tmp_path, "slug: a\nsteps: [{name: a, request: &self {path: /a, <<: *self}}]")
    assert profile.steps[0].request.path == "/a"


def test_given_variables_win_and_are_known(tmp_path: Path) -> None:
    text = "slug: a\nvariables: {x: 1}\nsteps: [{name: s, request: {path: '/{x}/{y}'}}]\n"
    assert load(tmp_path, text, x="2", y="3").variables == {"x": "2", "y": "3"}


MALFORMED = {
    "empty file": ("", "{p}: line 1, column 1: the file is empty"),
    "not a mapping": ("[1]", "{p}: line 1, column 1: must be a mapping, not a list"),
    "syntax": (
        "slug: a\nsteps: [",
        "{p}: line 2, column 9: expected the node content, but found '<stream end>' (while parsing a flow node)",
    ),
    "merged text": (
        "slug: &a b\nsteps: [{<<: [*a]}]",
        (
            "{p}: line 1, column 7: a merge (<<) must name a mapping, or a list of mappings\n"
            "{p}: line 2, column 9: step 1: name: missing\n"
            "{p}: line 2, column 9: step 1: request: missing"
        ),
    ),
    "tab": (
        "slug: a\nsteps:\n\t- x",
        "{p}: line 3, column 1: found character '\\t' that cannot start any token (while scanning for the next token)",
    ),
    "duplicate key": (
        "slug: a\nslug: b\n",
        ("{p}: line 1, column 1: steps: missing\n{p}: line 2, column 1: key 'slug' twice"),
    ),
    "duplicate nested key": (
        steps("- name: s", "  request: {path: /, path: /b}"),
        "{p}: line 4, column 24: key 'path' twice",
    ),
    "key that is no text": (
        "slug: a\n1: b\n",
        ("{p}: line 1, column 1: steps: missing\n{p}: line 2, column 1: a key must be text: quote it"),
    ),
    "python object": (
        "slug: !!python/object:os.system x",
        ("{p}: line 1, column 1: steps: missing\n{p}: line 1, column 7: unknown tag !!python/object:os.system"),
    ),
    "two documents": (
        "slug: a\n---\nslug: b\n",
        "{p}: line 2, column 1: but found another document (expected a single document in the stream)",
    ),
    "control character": ("slug: a\x01\n", "{p}: line 1, column 8: a control character"),
    "alias inside itself": (
        steps("- {name: s, request: {path: /, json: &a [*a]}}"),
        "{p}: line 3, column 40: a value contains itself",
    ),
    "unknown key": (
        "slug: a\nstep: []\n",
        (
            "{p}: line 1, column 1: steps: missing\n"
            "{p}: line 2, column 1: step: unknown key; known here: slug, description, base_url, variables, steps"
        ),
    ),
    "no slug": (
        "steps: []\n",
        (
            "{p}: line 1, column 1: slug: missing\n"
            "{p}: line 1, column 8: steps: must be a list with something in it, not empty list"
        ),
    ),
    "slug is a number": (
        "slug: 7\nsteps: []\n",
        (
            "{p}: line 1, column 7: slug: must be text, not 7\n"
            "{p}: line 2, column 8: steps: must be a list with something in it, not empty list"
        ),
    ),
    "bad slug": (
        "slug: a b\nsteps: []\n",
        (
            "{p}: line 1, column 7: slug: 'a b' is not a slug: use 1 to 100 letters, digits, '.', '_' or '-', starting with a letter or digit, without '.coverage' in it\n"
            "{p}: line 2, column 8: steps: must be a list with something in it, not empty list"
        ),
    ),
    "bad base_url": (
        "slug: a\nbase_url: localhost:80\nsteps: []\n",
        (
            "{p}: line 2, column 11: base_url: 'localhost:80' is not a URL such as http://127.0.0.1:8000\n"
            "{p}: line 3, column 8: steps: must be a list with something in it, not empty list"
        ),
    ),
    "no steps": ("slug: a\n", "{p}: line 1, column 1: steps: missing"),
    "empty steps": (
        "slug: a\nsteps: []\n",
        "{p}: line 2, column 8: steps: must be a list with something in it, not empty list",
    ),
    "step is text": (steps("- hello"), "{p}: line 3, column 5: step 1: must be a mapping, not 'hello'"),
    "step without name": (steps("- request: {path: /}"), "{p}: line 3, column 5: step 1: name: missing"),
    "step without request": (steps("- name: s"), "{p}: line 3, column 5: step 1 's': request: missing"),
    "request is null": (
        steps("- name: s", "  request:"),
        "{p}: line 4, column 13: step 1 's': request: must be a mapping, not nothing",
    ),
    "unknown step key": (
        steps("- {name: s, request: {path: /}, expects: {}}"),
        "{p}: line 3, column 35: step 1 's': expects: unknown key; known here: name, request, expect, save, wait",
    ),
    "unknown request key": (
        steps("- {name: s, request: {path: /}}", "- {name: t, request: {path: /, body: x}}"),
        "{p}: line 4, column 34: step 2 't': request.body: unknown key; known here: method, path, json, form, files, data, query, headers",
    ),
    "unknown method": (
        steps("- {name: s, request: {path: /, method: FETCH}}"),
        "{p}: line 3, column 42: step 1 's': request.method: 'FETCH' is not one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    ),
    "no path": (steps("- {name: s, request: {}}"), "{p}: line 3, column 24: step 1 's': request.path: missing"),
    "path without slash": (
        steps("- {name: s, request: {path: api}}"),
        "{p}: line 3, column 31: step 1 's': request.path: 'api' must start with '/', 'http://', 'https://' or a variable",
    ),
    "path with a user": (
        steps("- {name: s, request: {path: 'ftp://ada:s3cret@h/a?b=s3cret'}}"),
        "{p}: line 3, column 31: step 1 's': request.path: 'ftp://***@h/a' must start with '/', 'http://', 'https://' or a variable",
    ),
    "path not quoted": (
        steps("- {name: s, request: {path: {run_id}}}"),
        "{p}: line 3, column 31: step 1 's': request.path: quote the path: without quotes, what stands in braces is a mapping",
    ),
    "unknown variable": (
        "slug: a\nvariables: {b: 1, c: 2}\n" + steps("- {name: s, request: {path: '/{d}'}}").partition("\n")[2],
        "{p}: line 4, column 31: step 1 's': request.path: unknown variable 'd' in '/{d}'; known here: b, c, server",
    ),
    "variable saved later": (
        steps(
            "- {name: s, request: {path: /, json: {x: ['{id}']}}, save: {id: id}}",
        ),
        "{p}: line 3, column 45: step 1 's': request.json: unknown variable 'id' in '{id}'; known here: server",
    ),
    "unknown variable in form": (
        steps("- {name: s, request: {path: /, form: {f: '{x}'}}}"),
        "{p}: line 3, column 44: step 1 's': request.form.f: unknown variable 'x' in '{x}'; known here: server",
    ),
    "single brace": (
        steps("- {name: s, request: {path: /, query: {q: 'a}'}}}"),
        "{p}: line 3, column 45: step 1 's': request.query.q: 'a}' has a single '}': write {name} for a variable, }} for the brace",
    ),
    "variable's name": (
        "slug: a\nvariables: {a-b: 1}\n",
        (
            "{p}: line 1, column 1: steps: missing\n"
            "{p}: line 2, column 13: variables.a-b: a variable's name has letters, digits and '_', and does not start with a digit"
        ),
    ),
    "variable's value": (
        "slug: a\nvariables: {a: [1]}\n",
        (
            "{p}: line 1, column 1: steps: missing\n"
            "{p}: line 2, column 16: variables.a: must be text, a number, true or false, not a list"
        ),
    ),
    "two bodies": (
        steps("- {name: s, request: {path: /, json: {}, form: {}}}"),
        "{p}: line 3, column 44: step 1 's': request.form: cannot be sent together with json",
    ),
    "bytes in json": (
        steps("- {name: s, request: {path: /, json: {a: !!binary aGk=}}}"),
        "{p}: line 3, column 44: unknown tag !!binary",
    ),
    "no such body": (
        steps("- {name: s, request: {path: /, method: PUT, data: {path: no.bin}}}"),
        "{p}: line 3, column 53: step 1 's': request.data: there is no file {folder}/no.bin",
    ),
    "a body's name": (
        steps("- {name: s, request: {path: /, method: PUT, data: {path: p.yaml, name: x}}}"),
        "{p}: line 3, column 68: step 1 's': request.data.name: unknown key; known here: path",
    ),
    "secret that is no template": (
        steps('- {name: s, request: {path: "/x?token=s3cret{", headers: {X-A: a}}}'),
        "{p}: line 3, column 31: step 1 's': request.path: '/x?token=***{' has a single '{': write {name} for a variable, {{ for the brace",
    ),
    "secret in an unknown template": (
        steps('- {name: s, request: {path: /, method: POST, json: {password: {x: "s3cret{a}"}}}}'),
        "{p}: line 3, column 69: step 1 's': request.json: unknown variable 'a' in its value; known here: server",
    ),
    "no such file": (
        steps("- {name: s, request: {path: /, files: {dem: no.asc}}}"),
        "{p}: line 3, column 47: step 1 's': request.files.dem: there is no file {folder}/no.asc",
    ),
    "own header": (
        steps("- {name: s, request: {path: /, headers: {x-profile-trace: b}}}"),
        "{p}: line 3, column 61: step 1 's': request.headers.x-profile-trace: playback adds this header itself, with --trace-code",
    ),
    "header with a line break": (
        steps('- {name: s, request: {path: /, headers: {X-A: "a\\nb"}}}'),
        "{p}: line 3, column 49: step 1 's': request.headers.X-A: 'a\\nb' cannot be sent in a header",
    ),
    "status is text": (
        steps("- {name: s, request: {path: /}, expect: {status: ok}}"),
        "{p}: line 3, column 52: step 1 's': expect.status: must be a number from 200 to 999, or a list of them, not 'ok'",
    ),
    "status is true": (
        steps("- {name: s, request: {path: /}, expect: {status: [200, true]}}"),
        "{p}: line 3, column 52: step 1 's': expect.status: must be a number from 200 to 999, or a list of them, not True",
    ),
    "bad JMESPath": (
        steps("- {name: s, request: {path: /}, save: {id: 'a['}}"),
        (
            "{p}: line 3, column 46: step 1 's': save.id: 'a[' is not a JMESPath expression: Invalid jmespath expression: Incomplete expression"
        ),
    ),
    "wait without until": (
        steps("- {name: s, request: {path: /}, wait: {path: /}}"),
        "{p}: line 3, column 41: step 1 's': wait.until: missing",
    ),
    "wait for jobs at one place": (
        steps("- {name: s, request: {path: /}, wait: {jobs: true, path: /jobs}}"),
        "{p}: line 3, column 60: step 1 's': wait.path: must have {job_id} in it: it shows the state of one job",
    ),
    "wait for no time": (
        steps("- {name: s, request: {path: /}, wait: {path: /, until: a, timeout: 0}}"),
        "{p}: line 3, column 70: step 1 's': wait.timeout: must be a number of seconds above 0 and up to 86400, not 0",
    ),
}


@pytest.mark.parametrize(("text", "message"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_file_gets_one_message(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ProfileFormatError) as caught:
        load(tmp_path, text)
    shown = message.replace("{p}", str(tmp_path / "p.yaml")).replace("{folder}", str(tmp_path))
    assert str(caught.value) == shown


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileFormatError, match=r"no\.yaml: cannot be read: No such file or directory$"):
        load_profile(tmp_path / "no.yaml")


def test_a_file_that_is_not_utf8_is_named_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(b"\nslug: \xff")
    with pytest.raises(ProfileFormatError, match=r"p\.yaml: line 2, column 7: not UTF-8 text$"):
        load_profile(path)


@pytest.mark.parametrize("text", ["[" * 5000, "a: " + "9" * 5000])
def test_what_only_breaks_python_is_a_message_too(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProfileFormatError, match=r"nested too deeply|a value cannot be read"):
        load(tmp_path, text)


def test_two_files_with_one_slug_are_refused(tmp_path: Path) -> None:
    paths = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    for path in paths:
        path.write_text("slug: same\nsteps: [{name: s, request: {path: /}}]\n")
    with pytest.raises(ProfileFormatError) as caught:
        load_profiles(paths)
    assert str(caught.value) == f"{paths[1]}: line 1, column 7: slug: 'same' is already the slug of {paths[0]}"


def test_an_expectation_may_look_anywhere_in_the_answer_and_at_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "slug: a\nsteps:\n  - name: s\n    request: {path: /}\n"
        '    expect: {jmespath: {"items[0].state": done, "length(items)": 3}, duration: 0.5}\n'
    )
    expect = load_profile(path).steps[0].expect
    assert [(expression.expression, value) for expression, value in expect.finds] == [
        ("items[0].state", "done"),
        ("length(items)", 3),
    ]
    assert expect.duration == 0.5


@pytest.mark.parametrize(
    ("expect", "problem"),
    [
        ('jmespath: {"items[": 1}', "step 1 's': expect.jmespath.items[: 'items[' is not a JMESPath expression"),
        ("jmespath: [items]", "step 1 's': expect.jmespath: must be a mapping, not a list"),
        ("duration: 0", "step 1 's': expect.duration: must be a number of seconds above 0"),
    ],
)
def test_an_expectation_that_cannot_be_is_reported(tmp_path: Path, expect: str, problem: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"slug: a\nsteps: [{{name: s, request: {{path: /}}, expect: {{{expect}}}}}]\n")
    with pytest.raises(ProfileFormatError, match=rf"line 2, column \d+: {re.escape(problem)}"):
        load_profile(path)


def told(folder: Path, text: str) -> list[str]:
    """Return the lines of the refusal of a profile, without its name."""
    with pytest.raises(ProfileFormatError) as caught:
        load(folder, text)
    return [line.removeprefix(f"{folder / 'p.yaml'}: ") for line in str(caught.value).splitlines()]


def test_all_that_is_wrong_with_a_profile_is_reported_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        """\
        slug: a b
        base_url: localhost
        wrong: 1
        variables: {a-b: 1, c: [], d: {env: 7}, n: %s, n: 2}
        steps:
          - request: {path: api, method: FETCH, form: {x: {}}, json: [1], files: {f: no.txt}}
          - 7
          - name: s
            request: {path: "/{x}{y}", query: {q: "}"}, headers: {X-A: "a\\nb", X-B: []}, json: {a: ["{y}", "{c}"]}}
            expect: {status: ok, headers: 5, text: [], jmespath: {"a[": 1, b: 1}, duration: -1}
            save: {z: "b[", w-w: {html: 1}}
            wait: {fail: "c[", timeout: x, until: 5}
          - name: t
            request: {path: "/{z}"}
            wait: {path: x, until: "d["}
            save: []
        """
        % ("9" * 5000),
    )
    assert [line.partition(": ")[2][:60] for line in found] == [
        "slug: 'a b' is not a slug: use 1 to 100 letters, digits, '.'",
        "base_url: 'localhost' is not a URL such as http://127.0.0.1:",
        "wrong: unknown key; known here: slug, description, base_url,",
        "variables.a-b: a variable's name has letters, digits and '_'",
        "variables.c: must be text, a number, true or false, not empt",
        "variables.d.env: must be text, not 7",
        "a value cannot be read: a number has too many digits",
        "key 'n' twice",
        "step 1: name: missing",
        "step 1: request.path: 'api' must start with '/', 'http://', ",
        "step 1: request.method: 'FETCH' is not one of GET, HEAD, POS",
        "step 1: request.form: cannot be sent together with json",
        "step 1: request.form.x: must be text, a number, true or fals",
        f"step 1: request.files.f: there is no file {tmp_path}/no.txt"[:60],
        "step 2: must be a mapping, not 7",
        "step 3 's': request.path: unknown variable 'x' in '/{x}{y}';",
        "step 3 's': request.path: unknown variable 'y' in '/{x}{y}';",
        "step 3 's': request.query.q: '}' has a single '}': write {na",
        "step 3 's': request.headers.X-A: 'a\\nb' cannot be sent in a ",
        "step 3 's': request.headers.X-B: must be text, a number, tru",
        "step 3 's': request.json: unknown variable 'y' in '{y}'; kno",
        "step 3 's': expect.status: must be a number from 200 to 999,",
        "step 3 's': expect.headers: must be a mapping, not 5",
        "step 3 's': expect.text: must be text, not empty list",
        "step 3 's': expect.jmespath.a[: 'a[' is not a JMESPath expre",
        "step 3 's': expect.duration: must be a number of seconds abo",
        "step 3 's': save.z: 'b[' is not a JMESPath expression: Inval",
        "step 3 's': save.w-w: a variable's name has letters, digits ",
        "step 3 's': save.w-w.html: must be text, not 1",
        "step 3 's': wait.fail: 'c[' is not a JMESPath expression: In",
        "step 3 's': wait.timeout: must be a number of seconds above ",
        "step 3 's': wait.until: must be text, not 5",
        "step 4 't': wait.path: 'x' must start with '/', 'http://', '",
        "step 4 't': wait.until: 'd[' is not a JMESPath expression: I",
        "step 4 't': save: must be a mapping, not empty list",
    ]
    places = [tuple(map(int, re.findall(r"\d+", line.partition(": ")[0]))) for line in found]
    assert places == sorted(places)
    assert all(len(place) == 2 for place in places)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path: /books?q=tea}}]", "line 2, column 41: quote the path: without quotes it ends before '?' here"),
        ("method: GET, path: /books?q=tea}}]", "line 2, column 54: quote the path: without quotes it ends before '?'"),
        ("query: {q: a[0]}, path: /}}]", "line 2, column 41: quote the q: without quotes it ends before '[' here"),
        ("path: /runs/{run}/x}}]", "line 2, column 41: quote the path: without quotes it ends before '{' here"),
        ("path: /a b?}}]", "line 2, column 39: quote the path: without quotes it ends before '?' here"),
        ("path: ?x}}]", "line 2, column 35: quote the path: without quotes it ends before '?' here"),
        ("path: {run}}}]", "line 2, column 35: step 1 's': request.path: quote the path: without quotes, what stands"),
        ("path: /x]}]", "line 2, column 37: expected ',' or '}', but got ']' (while parsing a flow mapping)"),
    ],
)
def test_what_braces_have_cut_off_is_to_be_quoted(tmp_path: Path, text: str, message: str) -> None:
    (found,) = told(tmp_path, f"slug: a\nsteps: [{{name: s, request: {{{text}\n")
    assert found.startswith(message)


def test_many_faults_are_cut(tmp_path: Path) -> None:
    found = told(tmp_path, "slug: a\nsteps:\n" + "- 7\n" * 150)
    assert (len(found), found[99], found[100]) == (
        101,
        "line 102, column 3: step 100: must be a mapping, not 7",
        "and 50 more",
    )


def test_what_a_step_sends_no_longer_knows_its_place(tmp_path: Path) -> None:
    request = load(tmp_path, steps("- {name: s, request: {path: /, json: {a: [{}]}}}")).steps[0].request
    assert [type(each) for each in (request.json, request.json["a"], request.json["a"][0])] == [dict, list, dict]

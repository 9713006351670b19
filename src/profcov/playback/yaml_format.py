"""The YAML format of profiles: a document in, a checked profile out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from profcov.errors import InvalidSlugError, ProfileFormatError
from profcov.playback.address import find_origin, show_wrong
from profcov.playback.fields import Fields, describe
from profcov.playback.profile import Expect, JobsWait, Profile, Secret, Step, Wait
from profcov.playback.template import JOB_ID, NAME, SERVER, find_names
from profcov.playback.yaml_document import read_document
from profcov.playback.yaml_request import REQUEST_KEYS, read_headers, read_path, read_request
from profcov.playback.yaml_save import read_source
from profcov.slug import parse_slug

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from profcov.playback.profile import Request
    from profcov.slug import Slug

PROFILE_KEYS: Final = ("slug", "description", "base_url", "variables", "steps")
STEP_KEYS: Final = ("name", "request", "expect", "save", "wait")
EXPECT_KEYS: Final = ("status", "json", "jmespath", "headers", "text", "duration")
WAIT_KEYS: Final = ("path", "until", "fail", "timeout", "interval", "jobs")
JOBS_WAIT_KEYS: Final = ("jobs", "path", "timeout")

_LOWEST_STATUS = 200
_HIGHEST_STATUS = 999


def load_profile(path: Path, variables: Mapping[str, str] | None = None) -> Profile:
    """Read one profile; files to upload are looked for beside it.

    Raises:
        ProfileFormatError: the file cannot be read, or does not fit the format.
    """
    return read_profile(path, read_document(path), variables or {})


def read_profile(path: Path, document: Any, variables: Mapping[str, str]) -> Profile:
    """Read the profile that a document holds.

    Raises:
        ProfileFormatError: it does not fit the format.
    """
    if document is None:
        raise ProfileFormatError(path, "", "the file is empty")
    try:
        return _read_profile(path, document, variables)
    except RecursionError as error:  # an alias (*name) inside the value that it names
        raise ProfileFormatError(path, "", "a value contains itself") from error


def _read_profile(path: Path, document: Any, variables: Mapping[str, str]) -> Profile:
    fields = Fields(path, "", document, PROFILE_KEYS)
    own = fields.mapping("variables")
    secrets = {_read_name(own, name): _read_secret(own, name) for name in own if isinstance(own.value(name), dict)}
    values = {_read_name(own, name): own.scalar(name) for name in own if name not in secrets} | dict(variables)
    known = {SERVER, *values, *secrets}
    return Profile(
        path=path,
        slug=_read_slug(fields),
        description=fields.optional_text("description") or "",
        base_url=_read_base_url(fields),
        variables=values,
        steps=tuple(
            _read_step(path, number, value, known) for number, value in enumerate(fields.items("steps"), start=1)
        ),
        secrets=secrets,
    )


def _read_slug(fields: Fields) -> Slug:
    try:
        return parse_slug(fields.text("slug"))
    except InvalidSlugError as error:
        fields.fail("slug", str(error))


def _read_base_url(fields: Fields) -> str | None:
    url = fields.optional_text("base_url")
    if url is not None and find_origin(url) is None:
        fields.fail("base_url", f"{show_wrong(url)} is not a URL such as http://127.0.0.1:8000")
    return url


def _read_name(fields: Fields, name: str) -> str:
    if NAME.fullmatch(name) is None:
        fields.fail(name, "a variable's name has letters, digits and '_', and does not start with a digit")
    return name


def _read_secret(fields: Fields, name: str) -> Secret:
    part = fields.mapping(name, ("env",))
    env = part.text("env")
    if NAME.fullmatch(env) is None:
        part.fail("env", "not the name of an environment variable")  # not shown: it may be the secret itself
    return Secret(env)


def _read_step(path: Path, number: int, value: Any, known: set[str]) -> Step:
    """Read one step, and add what it saves to the variables known after it."""
    name = value.get("name") if isinstance(value, dict) else None
    where = f"step {number} {name!r}" if isinstance(name, str) and name else f"step {number}"
    fields = Fields(path, where, value, STEP_KEYS, joint=": ")
    name = fields.text("name")
    fields.value("request")
    request = read_request(fields.mapping("request", REQUEST_KEYS), path.parent, known)
    expect = _read_expect(fields.mapping("expect", EXPECT_KEYS))
    saved = fields.mapping("save")
    save = {_read_name(saved, key): read_source(saved, key) for key in saved}
    known.update(save)
    wait = _read_wait(fields, request, known) if "wait" in fields else None
    return Step(name=name, request=request, expect=expect, save=save, wait=wait)


def _read_expect(fields: Fields) -> Expect:
    finds = fields.mapping("jmespath")
    return Expect(
        status=_read_statuses(fields) if "status" in fields else (),
        json=fields.json("json") if "json" in fields else None,
        has_json="json" in fields,
        headers=read_headers(fields),
        text=fields.optional_text("text"),
        finds=tuple((finds.compile(key, key), finds.json(key)) for key in finds),
        duration=fields.seconds("duration"),
    )


def _read_statuses(fields: Fields) -> tuple[int, ...]:
    value = fields.value("status")
    statuses = value if isinstance(value, list) and value else [value]
    for status in statuses:
        if type(status) is not int or not _LOWEST_STATUS <= status <= _HIGHEST_STATUS:
            fields.fail("status", f"must be a number from 200 to 999, or a list of them, not {describe(status)}")
    return tuple(statuses)


def _read_wait(step: Fields, request: Request, known: set[str]) -> Wait | JobsWait:
    fields = step.mapping("wait", WAIT_KEYS)
    if "jobs" in fields:
        return _read_jobs_wait(step, known)
    if "path" not in fields and request.method != "GET":
        fields.fail("path", f"missing: a {request.method} is not sent again, so say what to ask")
    return Wait(
        path=read_path(fields, known) if "path" in fields else None,
        until=fields.expression("until"),
        fail=fields.expression("fail") if "fail" in fields else None,
        timeout=fields.seconds("timeout"),
        interval=fields.seconds("interval"),
    )


def _read_jobs_wait(step: Fields, known: set[str]) -> JobsWait:
    fields = step.mapping("wait", JOBS_WAIT_KEYS)
    if fields.value("jobs") is not True:
        fields.fail("jobs", f"must be true, not {describe(fields.value('jobs'))}")
    path = read_path(fields, {*known, JOB_ID}) if "path" in fields else None
    if path is not None and JOB_ID not in find_names(path):
        fields.fail("path", f"must have {{{JOB_ID}}} in it: it shows the state of one job")
    return JobsWait(path, fields.seconds("timeout"))

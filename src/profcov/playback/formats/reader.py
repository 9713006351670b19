"""The YAML format of profiles: a document in, a checked profile out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jmespath

from profcov.errors import InvalidSlugError, ProfileFormatError
from profcov.playback.client.address import find_origin
from profcov.playback.formats.document import read_document
from profcov.playback.formats.fields import Fields, describe
from profcov.playback.formats.request import REQUEST_KEYS, read_headers, read_path, read_request
from profcov.playback.formats.save import read_source
from profcov.playback.masking.urls import show_wrong
from profcov.playback.scenario.faults import raise_faults
from profcov.playback.scenario.model import (
    MAX_STATUS,
    MIN_STATUS,
    Expect,
    JobsWait,
    Profile,
    Request,
    Secret,
    Step,
    Wait,
)
from profcov.playback.scenario.places import Place
from profcov.playback.scenario.source import JsonSource
from profcov.playback.scenario.template import JOB_ID, NAME, SERVER
from profcov.slug import parse_slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from profcov.slug import Slug

PROFILE_KEYS: Final = ("slug", "description", "base_url", "variables", "steps")
ENV_KEYS: Final = ("env",)
STEP_KEYS: Final = ("name", "request", "expect", "save", "wait")
EXPECT_KEYS: Final = ("status", "json", "jmespath", "headers", "text", "duration")
WAIT_KEYS: Final = ("path", "until", "fail", "timeout", "interval", "jobs")
JOBS_WAIT_KEYS: Final = ("jobs", "path", "timeout")

# What stands for a part that has a fault, while the others are looked at.
_NO_SLUG: Final = parse_slug("none")
_NO_SECRET: Final = Secret("")
_NO_REQUEST: Final = Request("/")
_NO_EXPRESSION: Final = jmespath.compile("@")
NO_SOURCE: Final = JsonSource(_NO_EXPRESSION)


def load_profile(path: Path, variables: Mapping[str, str] | None = None) -> Profile:
    """Read one profile; files to upload are looked for beside it.

    Raises:
        ProfileFormatError: the file cannot be read, or does not fit the format; it has all faults.
    """
    faults: list[ProfileFormatError] = []
    document = read_document(path, faults)
    if document is None and not faults:
        raise ProfileFormatError(path, "", "the file is empty", Place(1, 1))
    try:
        profile = _read_profile(path, document, variables or {}, faults)
    except ProfileFormatError as error:
        faults.append(error)
    raise_faults(faults)
    return profile


def _read_profile(path: Path, document: Any, variables: Mapping[str, str], faults: list[ProfileFormatError]) -> Profile:
    """Read a profile as far as possible; if there are faults, the result is not to be used."""
    fields = Fields(path, "", document, PROFILE_KEYS, faults=faults, place=Place(1, 1))
    own = fields.section("variables")
    for name in own:
        check_name(own, name)
    secrets = {name: own.keep(_NO_SECRET, _read_secret, own, name) for name in own if isinstance(own.value(name), dict)}
    values = {name: own.keep("", own.scalar, name) for name in own if name not in secrets} | dict(variables)
    known = {SERVER, *values, *secrets}
    return Profile(
        path=path,
        slug=fields.keep(_NO_SLUG, _read_slug, fields),
        description=fields.keep(None, fields.optional_text, "description") or "",
        base_url=fields.keep(None, _read_base_url, fields),
        variables=values,
        steps=tuple(_read_steps(fields, path, known, faults)),
        secrets=secrets,
        slug_place=fields.place_at("slug"),
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


def check_name(fields: Fields, name: str) -> None:
    """Keep a fault of the name of a variable."""
    if NAME.fullmatch(name) is None:
        fields.note_key(name, "a variable's name has letters, digits and '_', and does not start with a digit")


def _read_secret(fields: Fields, name: str) -> Secret:
    part = fields.mapping(name, ENV_KEYS)
    env = part.text("env")
    if NAME.fullmatch(env) is None:
        part.fail("env", "not the name of an environment variable")  # not shown: it may be the secret itself
    return Secret(env, place=fields.place_at(name))


def _read_steps(fields: Fields, path: Path, known: set[str], faults: list[ProfileFormatError]) -> Iterator[Step]:
    """Yield the steps; each adds what it saves to the variables known after it."""
    for number, value, place in fields.numbered("steps"):
        name = value.get("name") if isinstance(value, dict) else None
        where = f"step {number} {name!r}" if isinstance(name, str) and name else f"step {number}"
        try:
            part = Fields(path, where, value, STEP_KEYS, joint=": ", place=place, faults=faults)
        except ProfileFormatError as error:
            faults.append(error)
            continue
        yield _read_step(part, path.parent, known)


def _read_step(fields: Fields, folder: Path, known: set[str]) -> Step:
    name = fields.keep("", fields.text, "name")
    request = fields.keep(_NO_REQUEST, _read_request, fields, folder, known)
    expect = _read_expect(fields.section("expect", EXPECT_KEYS))
    saved = fields.section("save")
    for key in saved:
        check_name(saved, key)
    save = {key: saved.keep(NO_SOURCE, read_source, saved, key) for key in saved}
    known.update(save)
    wait = fields.keep(None, _read_wait, fields, request, known) if "wait" in fields else None
    return Step(name=name, request=request, expect=expect, save=save, wait=wait)


def _read_request(fields: Fields, folder: Path, known: set[str]) -> Request:
    fields.value("request")
    return read_request(fields.mapping("request", REQUEST_KEYS), folder, known)


def _read_expect(fields: Fields) -> Expect:
    finds = fields.section("jmespath")
    return Expect(
        status=fields.keep((), _read_statuses, fields) if "status" in fields else (),
        json=fields.keep(None, fields.json, "json") if "json" in fields else None,
        has_json="json" in fields,
        headers=read_headers(fields),
        text=fields.keep(None, fields.optional_text, "text"),
        finds=tuple(
            (finds.keep(_NO_EXPRESSION, finds.compile, key, key), finds.keep(None, finds.json, key)) for key in finds
        ),
        duration=fields.keep(None, fields.seconds, "duration"),
    )


def _read_statuses(fields: Fields) -> tuple[int, ...]:
    value = fields.value("status")
    statuses = value if isinstance(value, list) and value else [value]
    for status in statuses:
        if type(status) is not int or not MIN_STATUS <= status <= MAX_STATUS:
            fields.fail(
                "status",
                f"must be a number from {MIN_STATUS} to {MAX_STATUS}, or a list of them, not {describe(status)}",
            )
    return tuple(statuses)


def _read_wait(step: Fields, request: Request, known: set[str]) -> Wait | JobsWait:
    fields = step.mapping("wait", WAIT_KEYS)
    if "jobs" in fields:
        return _read_jobs_wait(step.mapping("wait", JOBS_WAIT_KEYS), known)
    if "path" not in fields and request.method != "GET":
        fields.note("path", f"missing: a {request.method} is not sent again, so say what to ask")
    return Wait(
        path=fields.keep(None, read_path, fields, known) if "path" in fields else None,
        until=fields.keep(_NO_EXPRESSION, fields.expression, "until"),
        fail=fields.keep(None, fields.expression, "fail") if "fail" in fields else None,
        timeout=fields.keep(None, fields.seconds, "timeout"),
        interval=fields.keep(None, fields.seconds, "interval"),
    )


def _read_jobs_wait(fields: Fields, known: set[str]) -> JobsWait:
    if fields.value("jobs") is not True:
        fields.note("jobs", f"must be true, not {describe(fields.value('jobs'))}")
    path = fields.keep(None, read_path, fields, {*known, JOB_ID}) if "path" in fields else None
    if path is not None and f"{{{JOB_ID}}}" not in path:
        fields.note("path", f"must have {{{JOB_ID}}} in it: it shows the state of one job")
    return JobsWait(path, fields.keep(None, fields.seconds, "timeout"))

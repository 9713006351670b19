"""The YAML format of profiles as a JSON Schema, for editors: made of the tables that the reader has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from profcov.playback.formats.fields import MAX_SECONDS
from profcov.playback.formats.reader import (
    ENV_KEYS,
    EXPECT_KEYS,
    JOBS_WAIT_KEYS,
    PROFILE_KEYS,
    STEP_KEYS,
    WAIT_KEYS,
)
from profcov.playback.formats.request import BODIES, DATA_KEYS, METHODS, REQUEST_KEYS, UPLOAD_KEYS
from profcov.playback.formats.save import MATCHABLE, SAVE_KEYS
from profcov.playback.scenario.model import MAX_STATUS, MIN_STATUS
from profcov.playback.scenario.template import NAME
from profcov.slug import PATTERN

if TYPE_CHECKING:
    from collections.abc import Iterable

    Schema = dict[str, Any]

_SCALAR: Final = {"type": ["string", "number", "boolean"]}
_TEXT: Final = {"type": "string", "minLength": 1}
_EXPRESSION: Final = {**_TEXT, "description": "A JMESPath expression."}
_PATH: Final = {"type": "string", "pattern": r"^(/|https?://|\{)"}
_SECONDS: Final = {"type": "number", "exclusiveMinimum": 0, "maximum": MAX_SECONDS}
_STATUS: Final = {"type": "integer", "minimum": MIN_STATUS, "maximum": MAX_STATUS}
_NAMES: Final = {"pattern": f"^{NAME.pattern}$"}
_PATTERN: Final = {**_TEXT, "description": "A regular expression with a group: it takes the value."}


def profile_schema() -> Schema:
    """Return the schema of one profile, of draft 7, which editors know."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A profile of profcov: the requests of one scenario, in order",
        **_closed(
            PROFILE_KEYS,
            {
                "slug": {"type": "string", "pattern": f"^{PATTERN}$", "description": "The profile's name."},
                "description": {**_TEXT, "description": "One line about the scenario."},
                "base_url": {"type": "string", "pattern": "^https?://", "description": "The server; --base-url wins."},
                "variables": _mapping(
                    {"anyOf": [_SCALAR, _closed(ENV_KEYS, {"env": _TEXT | _NAMES}, ENV_KEYS)]},
                    "What {name} stands for; {env: NAME} is a secret from the environment.",
                    _NAMES,
                ),
                "steps": {"type": "array", "minItems": 1, "items": _step(), "description": "One request each."},
            },
            ("slug", "steps"),
        ),
    }


def _step() -> Schema:
    return _closed(
        STEP_KEYS,
        {
            "name": {**_TEXT, "description": "What messages call the step."},
            "request": _request(),
            "expect": _expect(),
            "save": _mapping(_source(), "Variables for later steps, each from a place in the answer.", _NAMES),
            "wait": _wait(),
        },
        ("name", "request"),
    )


def _request() -> Schema:
    upload = {"anyOf": [_TEXT, _closed(UPLOAD_KEYS, dict.fromkeys(UPLOAD_KEYS, _TEXT), ("path",))]}
    values = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}]}
    request = _closed(
        REQUEST_KEYS,
        {
            "method": {"enum": list(METHODS), "description": "GET unless given."},
            "path": {**_PATH, "description": "Below the base URL, or an absolute URL."},
            "json": {"description": 'The body as JSON; an exact "{name}" keeps the variable\'s type.'},
            "form": _mapping(values, "The fields of a form."),
            "files": _mapping(
                {"anyOf": [*upload["anyOf"], {"type": "array", "minItems": 1, "items": upload}]},
                "The files of a form, by field: paths beside the profile. It is sent as multipart.",
            ),
            "data": {
                "anyOf": [_TEXT, _closed(DATA_KEYS, dict.fromkeys(DATA_KEYS, _TEXT), DATA_KEYS)],
                "description": "The body as it stands, or {path: ...}: what a file holds.",
            },
            "query": _mapping(values, "Parameters."),
            "headers": _mapping({**_SCALAR, "minLength": 1}, "Headers."),
        },
        ("path",),
    )
    pairs = [
        (one, other)
        for number, body in enumerate(BODIES)
        for rest in BODIES[number + 1 :]
        for one in body
        for other in rest
    ]
    return request | {"not": {"anyOf": [{"required": list(pair)} for pair in pairs]}}


def _expect() -> Schema:
    return _closed(
        EXPECT_KEYS,
        {
            "status": {
                "anyOf": [_STATUS, {"type": "array", "minItems": 1, "items": _STATUS}],
                "description": "200 to 299 unless given.",
            },
            "json": {"description": "A part of the JSON answer; lists have the same length."},
            "jmespath": _mapping({}, "Expressions, and a part of what each finds."),
            "headers": _mapping({**_SCALAR, "minLength": 1}, "Headers that are equal."),
            "text": {**_TEXT, "description": "It is somewhere in the body."},
            "duration": {**_SECONDS, "description": "Seconds within which the whole answer must come."},
        },
    )


def _source() -> Schema:
    places: dict[str, Schema] = {
        "json": _EXPRESSION,
        "header": {**_TEXT, "description": "The name of a header."},
        "match": _PATTERN,
        "cookie": {**_TEXT, "description": "The name of a cookie."},
        "html": {**_TEXT, "description": "The name of an input or meta element."},
        "text": _PATTERN,
        "anywhere": {**_PATTERN, "description": "A regular expression: in the address, in Location, or in the body."},
    }
    kinds = [key for key in SAVE_KEYS if key != "match"]
    others = [{"required": ["match", kind]} for kind in kinds if kind not in MATCHABLE]
    place = _closed(SAVE_KEYS, places) | {"oneOf": [{"required": [kind]} for kind in kinds], "not": {"anyOf": others}}
    return {"anyOf": [_EXPRESSION, place]}


def _wait() -> Schema:
    wait = _closed(
        WAIT_KEYS,
        {
            "path": {**_PATH, "description": "Asked until it is over; the step's own GET unless given."},
            "until": {**_EXPRESSION, "description": "A JMESPath expression of the JSON answer that comes true."},
            "fail": {**_EXPRESSION, "description": "One that fails the step when it comes true."},
            "timeout": {**_SECONDS, "description": "Seconds; --timeout unless given."},
            "interval": {**_SECONDS, "description": "Seconds between two requests; they grow unless given."},
            "jobs": {
                "const": True,
                "description": "Wait for the jobs that answers have named; path is where {job_id} is asked for.",
            },
        },
    )
    return wait | {
        "if": {"required": ["jobs"]},
        "then": {
            "properties": {key: False for key in WAIT_KEYS if key not in JOBS_WAIT_KEYS}
            | {"path": {"pattern": r"\{job_id\}"}}
        },
        "else": {"required": ["until"]},
    }


def _closed(keys: Iterable[str], properties: dict[str, Schema], required: Iterable[str] = ()) -> Schema:
    """Return the schema of a mapping that has these keys and no others."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": {key: properties[key] for key in keys},
    }


def _mapping(values: Schema, description: str, names: Schema | None = None) -> Schema:
    schema = {"type": "object", "additionalProperties": values, "description": description}
    return schema if names is None else schema | {"propertyNames": names}

"""The ``request`` of a step in the YAML format: what is sent, with its templates and files checked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from profcov.playback.formats.fields import Fields, describe
from profcov.playback.masking.names import is_secret_name
from profcov.playback.masking.urls import show_wrong
from profcov.playback.scenario.model import Request, Upload
from profcov.wire.carrier import HEADER

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

REQUEST_KEYS: Final = ("method", "path", "json", "form", "files", "data", "query", "headers")
UPLOAD_KEYS: Final = ("path", "name", "type")
DATA_KEYS: Final = ("path",)
BODIES: Final = (("json",), ("data",), ("form", "files"))
"""The keys of each kind of body; a request has one kind."""

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_HEADER_VALUE = re.compile(r"[^\s\x00-\x1f\x7f]([^\x00-\x08\x0a-\x1f\x7f]*[^\s\x00-\x1f\x7f])?")
_STARTS = ("/", "http://", "https://", "{")


def read_request(fields: Fields, folder: Path, known: Collection[str]) -> Request:
    """Read one request; ``folder`` is where its files are looked for, ``known`` the variables it may use.

    Raises:
        ProfileFormatError: it does not fit the format, and nothing takes faults.
    """
    _refuse_two_bodies(fields)
    if "json" in fields:
        fields.template("json", fields.value("json"), known)
    request = Request(
        path=fields.keep("/", read_path, fields, known),
        method=fields.keep("GET", _read_method, fields),
        json=fields.keep(None, fields.json, "json") if "json" in fields else None,
        has_json="json" in fields,
        form=_read_query(fields.section("form")),
        files=_read_files(fields.section("files"), folder),
        multipart="files" in fields,
        data=fields.keep(None, _read_data, fields, folder),
        query=_read_query(fields.section("query")),
        headers=read_headers(fields),
    )
    for key in ("form", "query", "headers"):
        part = fields.section(key)
        for name, value in getattr(request, key).items():
            part.template(name, value, known)
    return request


def read_path(fields: Fields, known: Collection[str], key: str = "path") -> str:
    """Read a path or URL, a template.

    Raises:
        ProfileFormatError: it is not text, starts otherwise, or uses an unknown variable.
    """
    if isinstance(fields.value(key), dict):
        fields.fail(key, "quote the path: without quotes, what stands in braces is a mapping")
    path = fields.text(key)
    if not path.startswith(_STARTS):
        fields.fail(key, f"{show_wrong(path)} must start with '/', 'http://', 'https://' or a variable")
    fields.template(key, path, known)
    return path


def read_headers(fields: Fields) -> Mapping[str, str]:
    """Read the headers of a request, or those expected of an answer.

    Raises:
        ProfileFormatError: one cannot be a header, or is playback's own, and nothing takes faults.
    """
    part = fields.section("headers")
    return {name: part.keep("", _read_header, part, name) for name in part}


def _read_header(fields: Fields, name: str) -> str:
    value = _to_text(fields.scalar(name))
    if name.lower() == HEADER.lower():
        fields.fail(name, "playback adds this header itself, with --trace-code")
    if (problem := find_header_problem(name, value)) is not None:
        fields.fail(name, problem)
    return value


def find_header_problem(name: str, value: str) -> str | None:
    """Return why a header cannot be sent, or None."""
    if _HEADER_NAME.fullmatch(name) is None:
        return "not the name of a header"
    if _HEADER_VALUE.fullmatch(value) is None or not _is_latin1(value):
        return f"{'its value' if is_secret_name(name) else repr(value[:80])} cannot be sent in a header"
    return None


def _read_method(fields: Fields) -> str:
    method = fields.text("method") if "method" in fields else "GET"
    if method not in METHODS:
        fields.fail("method", f"{method!r} is not one of {', '.join(METHODS)}")
    return method


def _refuse_two_bodies(fields: Fields) -> None:
    bodies = [keys for keys in BODIES if any(key in fields for key in keys)]
    if len(bodies) > 1:
        first, second = (next(key for key in keys if key in fields) for keys in bodies[:2])
        fields.note_key(second, f"cannot be sent together with {first}")


def _read_query(fields: Fields) -> dict[str, tuple[str, ...]]:
    return {name: fields.keep((), _read_values, fields, name) for name in fields}


def _read_values(fields: Fields, name: str) -> tuple[str, ...]:
    value = fields.value(name)
    if not isinstance(value, list):
        return (_to_text(fields.scalar(name)),)
    for item in value:
        if not isinstance(item, str | int | float):
            fields.fail(name, f"each value must be text, a number, true or false, not {describe(item)}")
    return tuple(_to_text(item) for item in value)


def _read_files(fields: Fields, folder: Path) -> dict[str, tuple[Upload, ...]]:
    return {name: fields.keep((), _read_uploads, fields, name, folder) for name in fields}


def _read_uploads(fields: Fields, name: str, folder: Path) -> tuple[Upload, ...]:
    value = fields.value(name)
    entries = value if isinstance(value, list) and value else [value]
    return tuple(_read_upload(fields, name, entry, folder) for entry in entries)


def _read_data(fields: Fields, folder: Path) -> str | Upload | None:
    if "data" in fields and isinstance(fields.value("data"), dict):
        return _read_upload(fields, "data", fields.value("data"), folder, keys=DATA_KEYS)
    return fields.optional_text("data")


def _read_upload(fields: Fields, key: str, value: Any, folder: Path, keys: Collection[str] = UPLOAD_KEYS) -> Upload:
    part = fields.with_value(key, value if isinstance(value, dict) else {"path": value}, keys)
    path = (folder / part.text("path")).absolute()
    upload = Upload(part.optional_text("name") or path.name, path, type=part.optional_text("type"))
    if not upload.is_there():
        fields.fail(key, f"there is no file {path}")
    return upload


def _to_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_latin1(text: str) -> bool:
    return all(ord(character) < 256 for character in text)  # noqa: PLR2004 (Latin-1 has 256 characters)

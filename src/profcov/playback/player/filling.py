"""The request of a step, with its variables filled in and its files read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from profcov.errors import explain
from profcov.playback.client.address import find_origin
from profcov.playback.client.call import Call
from profcov.playback.client.failure import StepFailedError
from profcov.playback.masking.text import list_named
from profcov.playback.masking.urls import show_wrong
from profcov.playback.scenario.template import fill, fill_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from profcov.playback.client.call import FilePart
    from profcov.playback.scenario.model import Request, Upload


def fill_in(request: Request, values: Mapping[str, Any], *, follow_redirects: bool) -> Call:
    """Return a request with its variables.

    Raises:
        StepFailedError: it cannot be sent with the values that they have, or a file cannot be read.
    """
    headers = {name: fill(value, values) for name, value in request.headers.items()}
    if request.has_json and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    path = fill_path(request.path, values)
    json_value = fill_json(request.json, values)
    form = {name: [fill(value, values) for value in texts] for name, texts in request.form.items()}
    query = {name: [fill(item, values) for item in items] for name, items in request.query.items()}
    in_path = parse_qs(path.partition("#")[0].partition("?")[2])
    return Call(
        method=request.method,
        path=path,
        body=_make_json(request, json_value) if request.has_json else _read_body(request),
        form=form,
        files=_read_files(request),
        multipart=request.multipart,
        query=query,
        headers=headers,
        follow_redirects=follow_redirects,
        secrets=tuple(list_named([json_value, form, query, in_path])),
    )


def _make_json(request: Request, value: Any) -> bytes:
    try:
        return json.dumps(value, allow_nan=False).encode()
    except ValueError as error:  # an earlier answer had NaN, which is not JSON but widely sent
        raise StepFailedError(f"{request.method} {request.path}: cannot be sent as JSON: {error}") from error


def _read_body(request: Request) -> bytes | None:
    data = request.data
    return data.encode() if isinstance(data, str) else None if data is None else _read(data)


def _read_files(request: Request) -> list[tuple[str, FilePart]]:
    return [(name, _read_part(upload)) for name, uploads in request.files.items() for upload in uploads]


def _read(upload: Upload) -> bytes:
    try:
        return upload.read()
    except OSError as error:
        raise StepFailedError(f"cannot read the file to upload, {error.filename}: {explain(error)}") from error


def _read_part(upload: Upload) -> FilePart:
    content = _read(upload)
    return (upload.name, content) if upload.type is None else (upload.name, content, upload.type)


def fill_path(template: str, values: Mapping[str, Any]) -> str:
    """Return a path or URL with its variables.

    Raises:
        StepFailedError: it has become something else.
    """
    path = fill(template, values)
    if not path.startswith("/") and find_origin(path) is None:
        raise StepFailedError(f"path {template!r} became {show_wrong(path)}, which is neither a path nor a URL")
    return path

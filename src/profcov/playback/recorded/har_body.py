"""The bodies of a HAR's requests: text, base64, a file attached beside it, or the parameters of a form."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from profcov.playback.profile import Upload
from profcov.playback.recorded.body import (
    Body,
    BodyError,
    find_form,
    has_replacements,
    is_whole,
    make_form,
    parse_body,
    parse_bytes,
)
from profcov.playback.recorded.exchange import find_header
from profcov.playback.recorded.har_content import decode_base64, is_base64, read_attachment
from profcov.playback.recorded.hints import strip_ending

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.playback.fields import Fields
    from profcov.playback.recorded.exchange import Headers
    from profcov.playback.recorded.hints import Hints


def read_body(request: Fields, headers: Headers, recording: Path, path: str, hints: Hints) -> Body:
    """Return the body of a request to a path, with what the hints and the folder of uploads add to it.

    Raises:
        ProfileFormatError: it does not fit the format.
    """
    folder = recording.with_name(f"{strip_ending(recording.name)}.uploads")
    form = find_form(hints.forms, path)
    body, is_exact = _read_recorded(request, headers, recording)
    if body.missing:
        return body
    lost = [] if is_exact else [upload for _, upload in body.files if not is_whole(upload)]
    length = find_header(headers, "Content-Length") or "0"
    nothing = body == Body() and length != "0"
    if form is not None and (nothing or lost):
        return make_form(form, folder)
    title = f"the body of {request.text('method').upper()} {path} ({length[:12]} bytes)"
    if nothing:
        advice = f"record bodies too, or name its fields and files under forms in {hints.file}"
        return Body(missing=f"the recording does not have {title}: {advice}")
    if (
        isinstance(body.text, str)
        and has_replacements(body.text)
        and length != str(len(body.text.encode(errors="replace")))
    ):
        advice = "record it as base64, or convert the profile and give it a file (data: {path: ...})"
        return Body(missing=f"in the recording of {title} what is no text is replaced: {advice}")
    files = tuple((name, _find_upload(upload, folder) if upload in lost else upload) for name, upload in body.files)
    gone = [upload.path for _, upload in files if not upload.is_there()]
    problem = (
        f"the recording does not have the content of a file that was uploaded: put it at {gone[0]}" if gone else ""
    )
    return replace(body, files=files, missing=problem)


def _read_recorded(request: Fields, headers: Headers, recording: Path) -> tuple[Body, bool]:
    """Return the body that is recorded, and whether it is certain to be so byte for byte."""
    if not request.has_something("postData"):
        return Body(), False
    data = request.mapping("postData")
    kind = data.text("mimeType") if data.has_text("mimeType") else find_header(headers, "Content-Type") or ""
    try:
        if "_file" in data and (attached := read_attachment(data, recording)):
            return parse_bytes(attached, kind), False
        if is_base64(data):
            return parse_bytes(decode_base64(data), kind), True
        if data.has_text("text"):
            return parse_body(data.text("text"), kind), False
        return _read_params(data, kind), False
    except BodyError as error:
        return Body(missing=f"request.postData: {error}"), False


def _read_params(data: Fields, kind: str) -> Body:
    """Return the form that ``params`` lists, where there is no text.

    Raises:
        BodyError: the content of a file is no text.
    """
    form, files = [], []
    params = data.value("params") if "params" in data else None
    if not isinstance(params, list):
        return Body()
    for number, item in enumerate(params, start=1):
        each = data.with_value(f"params {number}", item)
        value = each.value("value") if each.has_text("value") else ""
        if each.has_text("fileName"):
            media_type = each.text("contentType") if each.has_text("contentType") else None
            try:
                content = value.encode()
            except UnicodeEncodeError as error:
                raise BodyError(f"params {number}: a text has half of a surrogate pair") from error
            files.append((each.text("name"), Upload(each.text("fileName"), content=content, type=media_type)))
        else:
            form.append((each.text("name"), value))
    return Body(form=tuple(form), files=tuple(files), multipart=bool(files) or kind.startswith("multipart/form-data"))


def _find_upload(upload: Upload, folder: Path) -> Upload:
    """Return a file whose content the recording lacks as the one that is to be in the folder beside it."""
    name = upload.name.replace("\\", "/").rpartition("/")[2] or "file"
    return Upload(upload.name, (folder / name).absolute(), type=upload.type)

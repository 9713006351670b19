"""The bodies of a HAR's requests: text, base64, a file attached beside it, or the parameters of a form."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

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
from profcov.playback.recorded.har.content import decode_base64, is_base64, read_attachment
from profcov.playback.recorded.hints import strip_ending
from profcov.playback.recorded.part import Part
from profcov.playback.scenario.model import Upload

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.playback.recorded.exchange import Headers
    from profcov.playback.recorded.hints import Form, Hints

_BODILESS: Final = frozenset({"GET", "HEAD"})
"""Proxies count other bytes as a body of these."""

_LENGTH: Final = re.compile(r"[1-9]\d{0,15}", re.ASCII)
_MIN_CUT_CHARS: Final = 65_536
"""A shorter body that does not fit its length was edited by hand."""

_LAST_BYTE: Final = "\xff"
_ESCAPED: Final = re.compile("[\udc80-\udcff]")


def read_body(request: Part, headers: Headers, recording: Path, path: str, hints: Hints) -> Body:
    """Return the body of a request to a path, with what the hints and the folder of uploads add to it.

    What the recording lacks of it is in ``missing``.
    """
    folder = recording.with_name(f"{strip_ending(recording.name)}.uploads")
    form = find_form(hints.forms, path)
    length = _read_length(request, headers)
    try:
        body, is_exact = _read_recorded(request, headers, recording)
    except BodyError as error:
        return _describe(form, folder, headers) if form is not None else Body(missing=f"request.postData: {error}")
    lost = [] if is_exact else [upload for _, upload in body.files if not is_whole(upload)]
    nothing = body == Body() and length > 0
    if form is not None and (nothing or lost):
        return _describe(form, folder, headers)
    title = f"the body of {request.text('method').upper()} {path} ({length} bytes)"
    if nothing:
        advice = f"record bodies too, or name its fields and files, or its data, under forms in {hints.file}"
        return Body(missing=f"the recording does not have {title}: {advice}")
    if isinstance(body.text, str) and has_replacements(body.text) and length != len(body.text.encode(errors="replace")):
        advice = "record it as base64, or convert the profile and give it a file (data: {path: ...})"
        return Body(missing=f"in the recording of {title} what is no text is replaced: {advice}")
    files = tuple((name, _find_upload(upload, folder) if upload in lost else upload) for name, upload in body.files)
    gone = [upload.path for _, upload in files if not upload.is_there()]
    problem = (
        f"the recording does not have the content of a file that was uploaded: put it at {gone[0]}" if gone else ""
    )
    return replace(body, files=files, missing=problem)


def _describe(form: Form, folder: Path, headers: Headers) -> Body:
    """Return the body that the hints describe; a form without files is multipart if it was that."""
    kind = find_header(headers, "Content-Type") or ""
    body = make_form(form, folder, kind)
    return replace(body, multipart=body.multipart and (bool(body.files) or "urlencoded" not in kind))


def _read_length(request: Part, headers: Headers) -> int:
    """Return how many bytes were sent; 0 if that is not recorded."""
    length = (find_header(headers, "Content-Length") or "").strip()
    if _LENGTH.fullmatch(length):
        return int(length)
    size = request.number("bodySize") or 0
    return int(size) if size > 0 and not length and request.text("method").upper() not in _BODILESS else 0


def _read_recorded(request: Part, headers: Headers, recording: Path) -> tuple[Body, bool]:
    """Return the body that is recorded, and whether it is certain to be so byte for byte.

    Raises:
        BodyError: it cannot be read.
    """
    data = _find_data(request)
    kind = data.text("mimeType") or find_header(headers, "Content-Type") or ""
    if data.text("_file"):
        return parse_bytes(read_attachment(data, recording), kind), False
    if is_base64(data):
        return parse_bytes(decode_base64(data), kind), True
    text = data.text("text")
    if text:
        _refuse_part(text, headers)
        content = _to_bytes(text, find_header(headers, "Content-Length"))
        return (parse_body(text, kind), False) if content is None else (parse_bytes(content, kind), True)
    if "json" in kind and data.value("params"):
        return _rebuild_json(data, kind, _read_length(request, headers)), False
    return _read_params(data, kind), False


def _refuse_part(text: str, headers: Headers) -> None:
    """Refuse the beginning of a long body: Firefox keeps one MiB, without a mark.

    Raises:
        BodyError: more was sent.
    """
    length = (find_header(headers, "Content-Length") or "").strip()
    if len(text) < _MIN_CUT_CHARS or not _LENGTH.fullmatch(length) or find_header(headers, "Content-Encoding"):
        return
    recorded = len(text.encode(errors="replace")) + text.count("\n")  # some writers have no carriage returns
    if recorded < int(length):
        raise BodyError(f"only the beginning of its {int(length):,} bytes is recorded")


def _find_data(request: Part) -> Part:
    """Return the mapping with the body; HTTP Toolkit has bytes under ``_content``, others a plain text."""
    data = request.value("postData")
    if isinstance(data, str):
        return Part({"text": data})
    return request.part("_content") or request.part("postData")


def _to_bytes(text: str, length: str | None) -> bytes | None:
    """Return the bytes of a text that stands for some that are no UTF-8: mitmproxy's. None if it is a text.

    Each character is a byte (by the length), or bytes that are not UTF-8 are escaped as Python does.
    """
    try:
        if _ESCAPED.search(text):
            return text.encode(errors="surrogateescape")
        is_latin = length == str(len(text)) and not text.isascii() and max(text) <= _LAST_BYTE
        return text.encode("latin-1") if is_latin else None
    except UnicodeEncodeError:  # half of a surrogate pair
        return None


def _rebuild_json(data: Part, kind: str, length: int) -> Body:
    """Return the JSON whose keys are listed as parameters, as chrome-har does, if its length shows that it is the same.

    Raises:
        BodyError: it is another.
    """
    found: dict[str, Any] = {}
    for each in map(Part, data.items("params")):
        name, item = each.text("name"), each.value("value")
        before = found.get(name)
        found[name] = item if name not in found else [*(before if isinstance(before, list) else [before]), item]
    for value in (found, list(found.values())):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if len(text.encode(errors="replace")) == length:
            return parse_body(text, kind)
    raise BodyError("its JSON is recorded as parameters, of which more than one can be made")


def _read_params(data: Part, kind: str) -> Body:
    """Return the form that ``params`` lists, if there is no text.

    Raises:
        BodyError: the content of a file is not text.
    """
    form, files = [], []
    if isinstance(data.value("params"), dict):
        form = list(data.pairs("params"))
    for number, each in enumerate(map(Part, data.items("params")), start=1):
        name, value = each.text("name"), each.text("value")
        if each.text("fileName"):
            try:
                content = value.encode()
            except UnicodeEncodeError as error:
                raise BodyError(f"params {number}: a text has half of a surrogate pair") from error
            files.append((name, Upload(each.text("fileName"), content=content, type=each.text("contentType") or None)))
        elif name or value:
            form.append((name, value))
    if not form and not files:
        return Body()
    return Body(form=tuple(form), files=tuple(files), multipart=bool(files) or kind.startswith("multipart/form-data"))


def _find_upload(upload: Upload, folder: Path) -> Upload:
    """Return a file whose content the recording lacks as the one that is to be in the folder beside it."""
    name = upload.name.replace("\\", "/").rpartition("/")[2] or "file"
    return Upload(upload.name, (folder / name).absolute(), type=upload.type)

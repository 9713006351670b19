"""The body of a recorded request: JSON, a form, a multipart form with its files, or a text."""

from __future__ import annotations

import contextlib
import email.parser
import email.policy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from profcov.playback.scenario.model import Upload

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import MIMEPart
    from pathlib import Path

    from profcov.playback.recorded.hints import Form

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_MULTIPART = "multipart/form-data"
_MAX_FIELDS = 10_000


@dataclass(frozen=True, slots=True)
class Body:
    """A body by its kind: a JSON value (where ``has_json``), a form, a text or bytes, or none.

    ``form`` keeps the order of its fields. ``missing`` is what the recording lacks of it, so that it cannot be played;
    ``note`` is about what was read of it.
    """

    json: Any = None
    has_json: bool = False
    form: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, Upload], ...] = ()
    multipart: bool = False
    text: str | bytes | None = None
    missing: str = ""
    note: str = ""


class BodyError(ValueError):
    """Raised when a body does not fit its media type."""


def make_form(form: Form, folder: Path, media_type: str = "") -> Body:
    """Return the body that the hints describe; its files are in a folder."""
    if form.data is not None:
        return _read_data(folder / form.data, media_type)
    paths = {name: folder / file for name, file in form.files.items()}
    files = tuple((name, Upload(path.name, path.absolute())) for name, path in paths.items())
    lost = [upload.path for _, upload in files if not upload.is_there()]
    problem = f"there is no file {lost[0]}, which the hints name" if lost else ""
    return Body(form=tuple(form.fields.items()), files=files, multipart=True, missing=problem)


def _read_data(path: Path, media_type: str) -> Body:
    try:
        return parse_bytes(path.read_bytes(), media_type)
    except OSError:
        return Body(missing=f"there is no file {path.absolute()}, which the hints name")
    except BodyError as error:
        return Body(missing=f"{path.absolute()}: {error}")


def find_form(forms: Mapping[str, Form], path: str) -> Form | None:
    """Return what the hints have for a path; they name its end."""
    return next((form for end, form in forms.items() if path.rstrip("/").endswith(end.rstrip("/"))), None)


def parse_bytes(content: bytes, media_type: str) -> Body:
    """Return the body that bytes are: JSON or a form in any encoding, else a text in UTF-8, or the bytes themselves.

    Raises:
        BodyError: a form cannot be read.
    """
    if _kind(media_type) == _MULTIPART:
        return _parse_multipart(content, media_type)
    for encoding in dict.fromkeys((json.detect_encoding(content), "utf-8", "latin-1")):
        with contextlib.suppress(UnicodeDecodeError):
            body = parse_body(content.decode(encoding), media_type)
            if body.text is None:
                return body
    try:
        return Body(text=content.decode())
    except UnicodeDecodeError:
        return Body(text=content)


def parse_body(text: str, media_type: str) -> Body:
    """Return the body that a text is.

    Raises:
        BodyError: a form cannot be read.
    """
    kind = _kind(media_type)
    if not text:
        return Body()
    if kind == "application/x-www-form-urlencoded":
        try:
            fields = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
        except ValueError as error:
            raise BodyError(f"the form has more than {_MAX_FIELDS:,} fields") from error
        return Body(form=tuple(fields)) if fields else Body(text=text)
    if kind == _MULTIPART:
        try:
            return _parse_multipart(text.encode(), media_type)
        except UnicodeEncodeError as error:
            raise BodyError("a text has half of a surrogate pair") from error
    # Whatever the type: a client that sends JSON as text, or without a type, has secrets in it all the same.
    if kind.endswith("json") or text.lstrip()[:1] in {"{", "["}:
        try:
            value = json.loads(text)
            json.dumps(value, allow_nan=False)
        except (ValueError, RecursionError):
            return Body(text=text)
        return Body(json=value, has_json=True)
    return Body(text=text)


def _kind(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _parse_multipart(content: bytes, media_type: str) -> Body:
    try:
        head = f"Content-Type: {media_type}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + content)
        parts = [part for part in message.iter_parts() if not part.is_multipart()]
        fields = [(part.get_param("name", header="content-disposition"), part) for part in parts]
    except (ValueError, LookupError, AttributeError, RecursionError) as error:
        raise BodyError("the multipart form cannot be read") from error
    if not fields or not all(isinstance(name, str) and name for name, _ in fields):
        raise BodyError("the multipart form has no part with a name; does its media type name the right boundary?")
    form, files = [], []
    for name, part in fields:
        content = _content(part)
        filename = part.get_filename()
        if filename is None:
            form.append((str(name), content.decode("utf-8", "replace")))
        elif filename or content:
            files.append((str(name), Upload(filename, content=content, type=_type(part))))
    return Body(form=tuple(form), files=tuple(files), multipart=True)


def _content(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _type(part: MIMEPart) -> str | None:
    return part.get_content_type() if "content-type" in part else None


def is_whole(upload: Upload) -> bool:
    """Return whether a recording has a file's content: many write it empty, or as text with what is no text replaced."""
    return bool(upload.content) and _REPLACEMENT.encode() not in upload.content


def has_replacements(text: str) -> bool:
    """Return whether a recording may have replaced what was no text."""
    return _REPLACEMENT in text

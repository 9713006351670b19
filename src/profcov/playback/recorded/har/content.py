"""The bodies in a HAR: text or base64, in the file or attached beside it, compressed or not."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import TYPE_CHECKING, Final

from profcov.playback.recorded.body import BodyError
from profcov.playback.recorded.exchange import find_header

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.playback.recorded.exchange import Headers
    from profcov.playback.recorded.part import Part

_MAX_INFLATED_BYTES: Final = 32 * 1024 * 1024
_GZIP: Final = b"\x1f\x8b"
_TEXT: Final = re.compile(r"json|text|html|xml|javascript|form-urlencoded|^$")
_CHARSET: Final = re.compile(r"charset=\"?([\w.:-]+)")


def read_answer_text(content: Part, recording: Path, media_type: str, headers: Headers) -> str | None:
    """Return the body of an answer as text, or None where the recording has none, or has something else.

    Raises:
        BodyError: it is not base64 though so marked, or is in a file that is not there.
    """
    is_attached = bool(content.text("_file"))
    if not is_attached and not is_base64(content):
        return None if content.value("text") is None else content.text("text")
    if _TEXT.search(media_type) is None:
        return None
    body = read_attachment(content, recording) if is_attached else decode_base64(content)
    named = _CHARSET.search(media_type)
    plain = _inflate(body, headers)
    try:
        return plain.decode(named[1] if named else "utf-8", "replace")
    except (LookupError, ValueError):  # unknown, no encoding of text, or one that replaces nothing
        return plain.decode("utf-8", "replace")


def is_base64(part: Part) -> bool:
    """Return whether the text of a body is marked as base64."""
    return part.text("encoding").lower() == "base64" and part.text("text") != ""


def decode_base64(part: Part) -> bytes:
    """Return the bytes that the text of a body stands for.

    Raises:
        BodyError: it is not base64.
    """
    try:
        return base64.b64decode(part.text("text"), validate=False)
    except (binascii.Error, ValueError) as error:
        raise BodyError("not base64, though encoding says so") from error


def read_attachment(part: Part, recording: Path) -> bytes:
    """Return what Playwright has attached as a file beside the recording.

    Raises:
        BodyError: the file that is named is not there.
    """
    name = part.text("_file")
    try:
        path = (recording.parent / name).resolve()
        if path.parent == recording.parent.resolve():
            return path.read_bytes()
    except (OSError, ValueError):  # not there, or no name of a file
        pass
    raise BodyError(f"there is no file {name[:200]!r} beside the recording that can be read")


def _inflate(body: bytes, headers: Headers) -> bytes:
    """Undo a compression that some proxies leave in."""
    if not body.startswith(_GZIP) or "gzip" not in (find_header(headers, "Content-Encoding") or ""):
        return body
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, _MAX_INFLATED_BYTES)
    except zlib.error:
        return body

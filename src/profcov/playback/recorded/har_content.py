"""The bodies in a HAR: text or base64, in the file or attached beside it, compressed or not."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import TYPE_CHECKING, Final

from profcov.playback.recorded.exchange import find_header

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.playback.fields import Fields
    from profcov.playback.recorded.exchange import Headers

_LARGEST: Final = 32 * 1024 * 1024
_GZIP: Final = b"\x1f\x8b"
_TEXT: Final = re.compile(r"json|text|html|xml|javascript|form-urlencoded|^$")
_CHARSET: Final = re.compile(r"charset=\"?([\w.:-]+)")


def read_answer_text(content: Fields, recording: Path, media_type: str, headers: Headers) -> str | None:
    """Return the body of an answer as text, or None where the recording has none, or has something else.

    Raises:
        ProfileFormatError: it is no base64 though it says so, or is in a file that is not there.
    """
    if "_file" in content:
        body = read_attachment(content, recording)
    elif "text" not in content or content.value("text") is None:
        return None
    else:
        text = content.value("text")
        if not isinstance(text, str):
            content.fail("text", "must be text")
        if not is_base64(content):
            return text
        body = decode_base64(content)
    if _TEXT.search(media_type) is None:
        return None
    named = _CHARSET.search(media_type)
    plain = _inflate(body, headers)
    try:
        return plain.decode(named[1] if named else "utf-8", "replace")
    except (LookupError, ValueError):  # unknown, no encoding of text, or one that replaces nothing
        return plain.decode("utf-8", "replace")


def is_base64(part: Fields) -> bool:
    """Return whether the text of a body is said to be base64."""
    return part.has_text("text") and part.has_text("encoding") and part.text("encoding").lower() == "base64"


def decode_base64(part: Fields) -> bytes:
    """Return the bytes that the text of a body stands for.

    Raises:
        ProfileFormatError: it is no base64.
    """
    try:
        return base64.b64decode(part.text("text"), validate=False)
    except (binascii.Error, ValueError):
        part.fail("text", "is not base64, though encoding says so")


def read_attachment(part: Fields, recording: Path) -> bytes:
    """Return what Playwright has attached as a file beside the recording.

    Raises:
        ProfileFormatError: the file that is named is not there.
    """
    name = part.text("_file")
    path = recording.parent / name
    try:
        content = path.read_bytes() if path.resolve().parent == recording.parent.resolve() else None
    except (OSError, ValueError):  # not there, or no name of a file
        content = None
    if content is None:
        part.fail("_file", f"there is no file {name[:200]!r} beside the recording that can be read")
    return content


def _inflate(body: bytes, headers: Headers) -> bytes:
    """Undo a compression that some proxies leave in."""
    if not body.startswith(_GZIP) or "gzip" not in (find_header(headers, "Content-Encoding") or ""):
        return body
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, _LARGEST)
    except zlib.error:
        return body

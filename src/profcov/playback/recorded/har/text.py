"""The JSON of a HAR, read as far as it can be: what its writers or an editor got wrong around the entries refuses none."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import ProfileFormatError
from profcov.playback.formats.json_text import parse_json

if TYPE_CHECKING:
    from pathlib import Path

_CALL: Final = re.compile(r"\s*[A-Za-z_$][\w$.]*\s*\((?=\s*\{)")
"""JSON as a script has it, in HAR's viewers: ``onInputData({...});``."""

_TRAILING_COMMA: Final = re.compile(r'("(?:[^"\\]+|\\.?)*+"?)|,(?=\s*[\]}])', re.DOTALL)


def parse_har(path: Path, text: str) -> tuple[Any, str]:
    """Return the value of a HAR's text, and what follows it.

    Raises:
        ProfileFormatError: it is not JSON.
    """
    called = _CALL.match(text)
    start = called.end() if called else len(text) - len(text.lstrip())
    whole = text[start:]
    found = _decode(whole) or _decode(_TRAILING_COMMA.sub(lambda comma: comma[1] or "", whole))
    if found is None:
        return _refuse(path, text), ""
    return found[0], "" if called else found[1].strip()


def _decode(text: str) -> tuple[Any, str] | None:
    """Return the JSON value with which a text begins, and what follows it; None if it begins with none."""
    try:
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return value, text[end:]


def _refuse(path: Path, text: str) -> Any:
    """Raise what is wrong with a text; a cut-off one has its own message."""
    try:
        return parse_json(path, text)
    except ProfileFormatError as error:
        cause = error.__cause__
        is_cut = isinstance(cause, json.JSONDecodeError) and (
            cause.msg.startswith("Unterminated string") or cause.pos >= len(text.rstrip())
        )
        if text.strip() and is_cut:
            problem = "the file ends in the middle of a HAR: it was not written completely, or was truncated"
            raise ProfileFormatError(path, error.where, problem) from cause
        raise


def _read_number(digits: str) -> int | float | None:
    """Return an integer, or None for one of thousands of digits."""
    try:
        return int(digits)
    except ValueError:
        return None


_DECODER: Final = json.JSONDecoder(strict=False, parse_int=_read_number, parse_constant=lambda _: None)

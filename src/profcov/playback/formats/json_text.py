"""Text and JSON files read with one clear message for whatever is wrong with them."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any, NoReturn

from profcov.errors import ProfileFormatError, explain

if TYPE_CHECKING:
    from pathlib import Path


def read_text(path: Path, *, errors: str = "strict") -> str:
    """Return a file's text; ``errors`` as for :meth:`bytes.decode`.

    Raises:
        ProfileFormatError: it cannot be read, or is not UTF-8.
    """
    try:
        content = path.read_bytes()
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise ProfileFormatError(path, "", "UTF-16 text: save it as UTF-8")
        return content.decode("utf-8-sig", errors)
    except OSError as error:
        raise ProfileFormatError(path, "", f"cannot be read: {explain(error)}") from error
    except UnicodeDecodeError as error:
        before = content[: error.start]
        place = (before.count(b"\n") + 1, len(before) - before.rfind(b"\n"))
        raise ProfileFormatError(path, "", "not UTF-8 text", place) from error


def parse_json(path: Path, text: str, where: str = "") -> Any:
    """Return the value of a JSON text; ``where`` is its place in the file, else line and column are named.

    Raises:
        ProfileFormatError: it is not JSON.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        place = f"{where}, column {error.colno}" if where else f"line {error.lineno}, column {error.colno}"
        raise ProfileFormatError(path, place, f"not JSON: {error.msg}") from error
    except RecursionError as error:
        raise ProfileFormatError(path, where, "nested too deeply") from error
    except ValueError as error:
        raise ProfileFormatError(path, where, f"not JSON: {describe_number(error)}") from error


def describe_number(error: ValueError) -> str:
    """Return why a number cannot be read; Python's own message about thousands of digits is advice for programmers."""
    return "a number has too many digits" if "set_int_max_str_digits" in str(error) else str(error)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")

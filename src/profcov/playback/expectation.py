"""Whether an answer is what a step expects, and what is read from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import jmespath
import requests

from profcov.playback.address import show
from profcov.playback.content_coding import find_unreadable
from profcov.playback.failure import StepFailedError
from profcov.playback.secret import MASK, is_secret_name
from profcov.playback.secret_text import hide_named

if TYPE_CHECKING:
    from jmespath.parser import ParsedResult

    from profcov.playback.profile import Expect

_EXCERPT: Final = 200
_WORD: Final = re.compile(r"[\w-]+")
_READ: Final = 4 * _EXCERPT


def check(answer: requests.Response, expect: Expect, seconds: float) -> None:
    """Return if an answer is what is expected; it took so many seconds to come.

    Raises:
        StepFailedError: it is not; says what was expected and what came.
    """
    check_status(answer, expect.status)
    for name, value in expect.headers.items():
        if answer.headers.get(name) != value:
            raise StepFailedError(f"{title(answer)}: expected header {_describe_headers(answer, name, value)}")
    if expect.duration is not None and seconds > expect.duration:
        raise StepFailedError(
            f"{title(answer)}: expected an answer within {expect.duration:g} s, it took {seconds:.2f} s"
        )
    if expect.text is not None and expect.text not in read_text(answer):
        raise StepFailedError(f"{title(answer)}: expected {expect.text!r} in the answer, got {excerpt(answer)}")
    if expect.has_json:
        _compare(expect.json, read_json(answer), "json", answer)
    for expression, part in expect.finds:
        found = search(expression, read_json(answer), answer)
        _compare(part, found, expression.expression, answer)


def _compare(expected: Any, came: Any, where: str, answer: requests.Response) -> None:
    difference = find_difference(expected, came, where)
    if difference:
        raise StepFailedError(f"{title(answer)}: {difference}; the answer is {excerpt(answer)}")


def _describe_headers(answer: requests.Response, name: str, expected: str) -> str:
    """Say which value a header was to have and which it has; of one that holds a secret, neither."""
    if is_secret_name(name):
        return f"{name} to be another than it is" if name in answer.headers else f"{name}, got no such header"
    came = repr(hide_named(answer.headers[name])) if name in answer.headers else "no such header"
    return f"{name}: {expected!r}, got {came}"


def check_status(answer: requests.Response, expected: tuple[int, ...] = ()) -> None:
    """Return if the status is among those expected, or from 200 to 299 where none is named.

    Raises:
        StepFailedError: it is not.
    """
    code = answer.status_code
    if code in expected or (not expected and requests.codes.ok <= code < requests.codes.multiple_choices):
        return
    wanted = " or ".join(map(str, expected)) or "200 to 299"
    raise StepFailedError(f"{title(answer)}: expected status {wanted}, got {code}: {excerpt(answer)}")


def read_json(answer: requests.Response) -> Any:
    """Return the answer's JSON value.

    Raises:
        StepFailedError: it has none.
    """
    try:
        return answer.json()
    except (ValueError, RecursionError) as error:
        raise StepFailedError(f"{title(answer)}: expected JSON, got {excerpt(answer)}") from error


def search(expression: ParsedResult, value: Any, answer: requests.Response) -> Any:
    """Return what a JMESPath expression finds in an answer's JSON value.

    Raises:
        StepFailedError: the expression does not fit the value, such as ``length`` of a number.
    """
    where = expression.expression
    try:
        return expression.search(value)
    except RecursionError as error:
        raise StepFailedError(f"{title(answer)}: {where[:80]!r} is nested too deeply") from error
    except jmespath.exceptions.JMESPathError as error:
        reason = (
            "its value is another than it takes"
            if _is_secret(where)
            else _shorten(hide_named(" ".join(str(error)[:_READ].split())))
        )
        raise StepFailedError(f"{title(answer)}: {where!r} cannot be evaluated: {reason}") from error


def find_difference(expected: Any, came: Any, where: str = "json") -> str | None:
    """Return the first difference between a part that is expected and a JSON value, or None.

    Objects may have keys that are not expected; lists have the same length; true is not 1.
    """
    if isinstance(expected, dict) and isinstance(came, dict):
        for key, value in expected.items():
            if key not in came:
                return f"expected {where}.{key}, which is missing"
            if difference := find_difference(value, came[key], f"{where}.{key}"):
                return difference
        return None
    if isinstance(expected, list) and isinstance(came, list) and len(expected) == len(came):
        pairs = enumerate(zip(expected, came, strict=True))
        return next((found for i, (a, b) in pairs if (found := find_difference(a, b, f"{where}[{i}]"))), None)
    if expected == came and isinstance(expected, bool) == isinstance(came, bool):
        return None
    values = (
        "another than it is" if _is_secret(where) else f"{_redact(expected)!r}, got {_shorten(repr(_redact(came)))}"
    )
    return f"expected {where} to be {values}"


def _redact(value: Any) -> Any:
    """Return a JSON value without what it has under the names of secrets."""
    if isinstance(value, dict):
        return {key: MASK if is_secret_name(key) else _redact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_redact(item) for item in value]
    return hide_named(value[:_READ]) if isinstance(value, str) else value


def _is_secret(where: str) -> bool:
    """Return whether the way to a value has the name of a secret."""
    return any(map(is_secret_name, _WORD.findall(where)))


def title(answer: requests.Response) -> str:
    """Return the request that was answered, as messages name it."""
    return f"{answer.request.method} {show(answer.request.url or '')}"


def excerpt(answer: requests.Response) -> str:
    """Return the start of an answer's body, on one line, without what it has under the names of secrets."""
    if not answer.content:
        return "an empty body"
    if (coding := find_unreadable(answer)) is not None:
        return f"a body in the coding {coding[:20]!r}, which was not asked for and cannot be read"
    text = " ".join(hide_named(_decode(answer, answer.content[:_READ])).split())
    return repr(_shorten(text, is_cut=len(answer.content) > _READ))


def read_text(answer: requests.Response) -> str:
    """Return an answer's body as text."""
    return _decode(answer, answer.content)


def _decode(answer: requests.Response, content: bytes) -> str:
    # Without a charset, requests takes text for Latin-1, as HTTP once said; servers of today mean UTF-8.
    named = answer.encoding if "charset" in answer.headers.get("Content-Type", "").lower() else None
    try:
        return content.decode(named or "utf-8", "replace")
    except (LookupError, ValueError):  # unknown, no encoding of text, or one that replaces nothing
        return content.decode("utf-8", "replace")


def _shorten(text: str, *, is_cut: bool = False) -> str:
    """Return the start of a text, with an ellipsis if that is not all of it; ``is_cut`` says that it is none already."""
    return text if len(text) <= _EXCERPT and not is_cut else f"{text[:_EXCERPT]}..."

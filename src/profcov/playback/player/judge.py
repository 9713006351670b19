"""Whether an answer is what a step expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from profcov.playback.client.answers import MAX_READ_CHARS, excerpt, read_json, read_text, search, shorten, title
from profcov.playback.client.failure import StepFailedError
from profcov.playback.masking.names import MASK, has_secret_name, is_secret_name
from profcov.playback.masking.text import hide_named

if TYPE_CHECKING:
    from profcov.playback.scenario.model import Expect


def check(answer: requests.Response, expect: Expect, seconds: float) -> None:
    """Return if an answer is as expected; ``seconds`` is how long it took.

    Raises:
        StepFailedError: it is not; with what was expected and what came.
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
    """Return if the status is among those expected, or from 200 to 299 if ``expected`` is empty.

    Raises:
        StepFailedError: it is not.
    """
    code = answer.status_code
    if code in expected or (not expected and requests.codes.ok <= code < requests.codes.multiple_choices):
        return
    wanted = " or ".join(map(str, expected)) or "200 to 299"
    raise StepFailedError(f"{title(answer)}: expected status {wanted}, got {code}: {excerpt(answer)}")


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
        "another than it is" if has_secret_name(where) else f"{_redact(expected)!r}, got {shorten(repr(_redact(came)))}"
    )
    return f"expected {where} to be {values}"


def _redact(value: Any) -> Any:
    """Return a JSON value without what it has under the names of secrets."""
    if isinstance(value, dict):
        return {key: MASK if is_secret_name(key) else _redact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_redact(item) for item in value]
    return hide_named(value[:MAX_READ_CHARS]) if isinstance(value, str) else value

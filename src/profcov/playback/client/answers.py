"""Answers: what they are called in messages, and what is read from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jmespath

from profcov.playback.client.content_coding import find_unreadable
from profcov.playback.client.failure import StepFailedError
from profcov.playback.masking.names import has_secret_name
from profcov.playback.masking.text import hide_named
from profcov.playback.masking.urls import show

if TYPE_CHECKING:
    import requests
    from jmespath.parser import ParsedResult

_MAX_EXCERPT_CHARS: Final = 200
MAX_READ_CHARS: Final = 4 * _MAX_EXCERPT_CHARS
"""How much of a text is looked at for what is shown of it."""


def title(answer: requests.Response) -> str:
    """Return the request that was answered, as messages name it."""
    return f"{answer.request.method} {show(answer.request.url or '')}"


def excerpt(answer: requests.Response) -> str:
    """Return the start of an answer's body, on one line, without what it has under the names of secrets."""
    if not answer.content:
        return "an empty body"
    if (coding := find_unreadable(answer)) is not None:
        return f"a body in the coding {coding[:20]!r}, which was not asked for and cannot be read"
    text = " ".join(hide_named(_decode(answer, answer.content[:MAX_READ_CHARS])).split())
    return repr(shorten(text, is_cut=len(answer.content) > MAX_READ_CHARS))


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


def shorten(text: str, *, is_cut: bool = False) -> str:
    """Return the start of a text, with an ellipsis if more follows; ``is_cut``: the text is itself only a start."""
    return text if len(text) <= _MAX_EXCERPT_CHARS and not is_cut else f"{text[:_MAX_EXCERPT_CHARS]}..."


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
            if has_secret_name(where)
            else shorten(hide_named(" ".join(str(error)[:MAX_READ_CHARS].split())))
        )
        raise StepFailedError(f"{title(answer)}: {where!r} cannot be evaluated: {reason}") from error

"""What the soak repeats: a handler with some lines that run only now and then, and one without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment


def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer request number ``QUERY_STRING``."""
    number = int(environ["QUERY_STRING"])
    try:
        text = describe(number)
    except LookupError:
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"nobody has asked for that yet"]
    start_response("200 OK", [("Content-Type", "text/plain")])
    if number % 10 == 3:
        return stream(text)
    return [text.encode("ascii")]


def answer_plainly(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Answer with the same lines each time, so that no generation lacks what the one before had."""
    number = int(environ["QUERY_STRING"])
    total = 0
    for digit in str(number):
        total += int(digit)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d" % total]


RULE = "def rule(number):\n    total = number % 7\n    if total > 3:\n        total += 1\n    return total\n"


def answer_by_new_rules(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Answer with code that is compiled for each tenth request, in this file's name, as rule engines do."""
    number = int(environ["QUERY_STRING"])
    total = number
    if number % 10 == 0:
        names: dict[str, Any] = {}
        exec(compile(RULE, __file__, "exec"), names)
        total = names["rule"](number)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d" % total]


def stream(text: str) -> Iterator[bytes]:
    """Yield a text word by word."""
    for word in text.split():
        yield word.encode("ascii")


def describe(number: int) -> str:
    """Say what kind of number it is."""
    if number % 997 == 0:
        raise LookupError(number)
    kind = "odd" if number % 2 else "even"
    if number % 4_999 == 0:
        kind += " and rare"
    if number % 50_021 == 0:
        kind += " and very rare"
    squares = [digit * digit for digit in map(int, str(number)) if digit > 4]
    return f"{number} is {kind}; {sum(squares)}"

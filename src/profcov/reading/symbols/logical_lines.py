"""Which lines make one statement: those that brackets, strings and backslashes join."""

from __future__ import annotations

import io
import re
import tokenize
from typing import Final

# What can join lines, and what shows that a line is not empty. A backslash escapes a quote in raw strings, too,
# so that prefixes do not matter.
_PIECE: Final = re.compile(
    r"""
    (?P<code>[^\s\#"'()\[\]{}\\]+(?:[ \t]+[^\s\#"'()\[\]{}\\]+)*)
    | (?P<newline>\n)
    | (?P<nothing>\#[^\n]*|\\\n)
    | (?P<string>\"{3}(?:[^\\"]++|\\.|"(?!""))*\"{3}|'{3}(?:[^\\']++|\\.|'(?!''))*'{3}
        |"(?:[^"\\\n]++|\\.)*"|'(?:[^'\\\n]++|\\.)*')
    | (?P<opening>[(\[{])
    | (?P<closing>[)\]}])
    | (?P<odd>["'\\])
    """,
    re.VERBOSE | re.DOTALL,
)
_BLANK: Final = frozenset({"newline", "nothing"})
_DEPTH: Final[dict[str | None, int]] = {"opening": 1, "closing": -1}
_FORMATTED: Final = re.compile(r"(?:[fFtT][rR]?|[rR][fFtT])$")


def find_first_lines(text: str) -> dict[int, int]:
    """Map each later line of a statement that spans several to its first line, as coverage.py does.

    Raises:
        SyntaxError, tokenize.TokenError: it is not Python.
    """
    found = _scan(text)
    return _tokenize(text) if found is None else found


def _scan(text: str) -> dict[int, int] | None:
    """Do the same by a pattern, several times faster than the tokenizer; None if the pattern may be wrong."""
    found: dict[int, int] = {}
    line, first, depth = 1, 0, 0
    for piece in _PIECE.finditer(text):
        kind = piece.lastgroup
        if kind == "odd" or (kind == "string" and _may_go_on(piece)):
            return None
        if kind == "newline" and first and not depth:
            found.update(dict.fromkeys(range(first + 1, line + 1), first))
            first = 0
        elif kind not in _BLANK:
            first = first or line
        depth += _DEPTH.get(kind, 0)
        line += piece[0].count("\n")
    if depth:
        return None
    if first:
        found.update(dict.fromkeys(range(first + 1, line + 1), first))
    return found


def _may_go_on(piece: re.Match[str]) -> bool:
    """Return whether a string may not end where it seems to: newer Pythons allow ``f"{d["key"]}"``."""
    text, start = piece.string, piece.start()
    return piece[0].count("{") != piece[0].count("}") and _FORMATTED.search(text, start - 2, start) is not None


def _tokenize(text: str) -> dict[int, int]:
    found: dict[int, int] = {}
    first = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE:
            found.update(dict.fromkeys(range(first + 1, token.end[0] + 1), first) if first else {})
            first = 0
        elif not first and token.type != tokenize.COMMENT and token.string.strip():
            first = token.start[0]
    return found

"""Which lines make one statement: those that brackets, strings and backslashes join."""

from __future__ import annotations

import io
import re
import tokenize
from typing import Final

# What a line can be joined by, and what tells that there is something on it. A backslash keeps a quote in raw strings, too,
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
_FORMATTED: Final = re.compile(r"(?:[fFtT][rR]?|[rR][fFtT])$")


def find_first_lines(text: str) -> dict[int, int]:
    """Map each later line of a statement that spans several to its first line, as coverage.py does.

    Raises:
        SyntaxError, tokenize.TokenError: it is not Python.
    """
    found = _scan(text)
    return _tokenize(text) if found is None else found


def _scan(text: str) -> dict[int, int] | None:
    """Do it by a pattern, several times faster than the tokenizer; None where the pattern may be wrong."""
    found: dict[int, int] = {}
    line, first, depth = 1, 0, 0
    for piece in _PIECE.finditer(text):
        kind = piece.lastgroup
        if kind == "code":
            first = first or line
        elif kind == "newline":
            if first and not depth:
                if line > first:
                    found.update(dict.fromkeys(range(first + 1, line + 1), first))
                first = 0
            line += 1
        elif kind == "string":
            first = first or line
            string = piece[0]
            line += string.count("\n")
            # Newer Pythons allow f"{d["key"]}": such a string does not end where it seems to.
            if string.count("{") != string.count("}") and _FORMATTED.search(text, piece.start() - 2, piece.start()):
                return None
        elif kind == "nothing":
            line += piece[0][0] == "\\"
        elif kind == "opening":
            first = first or line
            depth += 1
        elif kind == "closing":
            depth -= 1
        else:
            return None
    if depth:
        return None
    if line > first > 0:
        found.update(dict.fromkeys(range(first + 1, line + 1), first))
    return found


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

"""File name patterns, with the meaning that coverage.py's documentation gives them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from profcov.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKEN = re.compile(
    r"(?P<any_prefix>^\*+/)|(?P<any_suffix>/\*+$)|(?P<folders>\*\*/)|(?P<name>\*)|(?P<character>\?)|(?P<set>\[[^]]*\])"
    r"|(?P<literal>.)",
    re.DOTALL,
)
_REGEX = {
    "any_prefix": "(?:.*/)?",
    "any_suffix": "/.*",
    "folders": "(?:.*/)?",
    "name": "[^/]*",
    "character": "[^/]",
}
_REFUSED = re.compile(r"\*{3}|[^/*]\*\*|\*\*[^/*]")
_WILD = re.compile(r"[*?\[]")


class FilePatterns:
    """Several patterns: a file matches if one of them matches its whole absolute name.

    A pattern without a slash matches a file's name in any directory; one that does not begin with a wildcard is also
    taken below the working directory.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(patterns)
        texts = [text for pattern in self._patterns for text in _expand(pattern)]
        self._regex = re.compile("|".join(f"(?:{_translate(text)})" for text in texts), re.DOTALL) if texts else None

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def match(self, path: str) -> bool:
        """Return whether a pattern matches the absolute path."""
        return self._regex is not None and self._regex.fullmatch(path) is not None

    def roots(self) -> list[str]:
        """Return the paths below which the matching files can be; for a pattern open at its start, the working directory."""
        found = {_root(text) for pattern in self._patterns for text in _expand(pattern)[-1:]}
        return sorted(found)


def _expand(pattern: str) -> list[str]:
    pattern = pattern.replace("\\", "/")
    if pattern.startswith(("*", "?")):
        return [pattern]
    return [pattern, os.path.realpath(pattern)]


def _translate(pattern: str) -> str:
    if refused := _REFUSED.search(pattern):
        raise SettingsError("file pattern", pattern, f"no {refused[0]!r} in it: '**' stands for whole directories only")
    whole = pattern if "/" in pattern else f"**/{pattern}"
    return _TOKEN.sub(_translate_token, whole)


def _translate_token(match: re.Match[str]) -> str:
    kind = match.lastgroup or "literal"
    if kind == "set":
        return match[0]
    return _REGEX.get(kind) or re.escape(match[0])


def _root(pattern: str) -> str:
    wild = _WILD.search(pattern)
    if wild is None:
        return pattern
    folder = os.path.dirname(pattern[: wild.start()])  # noqa: PTH120 (a pattern is no path: Path would drop its slashes)
    return folder if os.path.isabs(folder) else os.path.realpath(os.curdir)  # noqa: PTH117

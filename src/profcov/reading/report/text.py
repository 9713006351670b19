"""Names as unambiguous text, on a terminal and in Markdown."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str) -> str:
    """Return text with control characters, and those that change the direction of writing, shown by their numbers."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        each.encode("unicode_escape").decode("ascii") if unicodedata.category(each) in _UNSEEN else each
        for each in text
    )


def code(text: str) -> str:
    """Return text as a code span of Markdown that is safe in a table."""
    shown = printable(text).replace("|", "\\|")
    if "`" not in shown:
        return f"`{shown}`"
    fence = "`" * (max(len(run) for run in re.findall("`+", shown)) + 1)
    return f"{fence} {shown} {fence}"


def tenths(percent: float) -> str:
    """Return percent with one digit after the point: only all is written as 100.0, and only nothing as 0.0."""
    if percent in {0, 100}:
        return f"{percent:.1f}"
    return f"{min(max(math.floor(10 * percent + 0.5) / 10, 0.1), 99.9):.1f}"


def plural(number: int, noun: str) -> str:
    """Return a number of things: ``1 file``, ``1,000 files``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def status_text(status: str, reasons: Iterable[str]) -> str:
    """Return an artifact's status with the reasons behind it: ``complete``, ``partial; jobs-unfinished``."""
    shown = ", ".join(reasons)
    return f"{status}; {shown}" if shown else status


def encodable(text: str) -> str:
    """Return text that can be encoded, which a file name may not be."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; the cells are Markdown already."""
    return ["| " + " | ".join(cells) + " |" for cells in (titles, ["---"] * len(titles), *rows)]

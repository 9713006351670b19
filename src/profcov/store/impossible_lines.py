"""Lines that their file cannot have: they are left out of artifacts, whatever filed them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from profcov.store.line_sets import to_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from profcov.store.content import Content

_NEWLINES: Final = (b"\n", b"\r")


def leave_out_impossible(content: Content, digests: Mapping[str, str]) -> dict[str, list[int]]:
    """Take the lines beyond the end of their file out of a content, and return them by file.

    ``digests`` has the sha256 of the sources that ran: a file that has changed, or is missing, is not checked.
    """
    last: dict[str, int] = {}
    for (_, file), bits in content.lines.items():
        last[file] = max(last.get(file, 0), bits.bit_length() - 1)
    for (_, file), arcs in content.arcs.items():
        last[file] = max(last.get(file, 0), *(abs(number) for arc in arcs for number in arc))
    ends = {
        file: end for file, number in last.items() if (end := _find_end(file, number, digests.get(file))) is not None
    }
    return {file: _cut(content, file, end) for file, end in sorted(ends.items())} if ends else {}


def _find_end(file: str, number: int, digest: str | None) -> int | None:
    """Return the last line of a file if a number is beyond it; None too if the file is not the one that ran."""
    if digest is None:
        return None
    try:
        with open(file, "rb") as source:  # noqa: PTH123 (there may be thousands)
            text = source.read()
    except (OSError, ValueError):
        return None
    # As Python counts them. Most files are only read and counted: the digest is computed for those that fail.
    end = text.count(b"\n") + (text.count(b"\r") - text.count(b"\r\n") if b"\r" in text else 0)
    end = max(1, end + (not text.endswith(_NEWLINES)))
    return end if number > end and hashlib.sha256(text).hexdigest() == digest else None


def _cut(content: Content, file: str, end: int) -> list[int]:
    """Leave out what is beyond the end of a file, and return those lines."""
    found: set[int] = set()
    mask = (1 << (end + 1)) - 1
    for key, bits in content.lines.items():
        if key[1] == file:
            content.lines[key] = bits & mask
            found.update(to_numbers(bits & ~mask))
    for key, arcs in content.arcs.items():
        if key[1] == file:
            kept = {arc for arc in arcs if max(map(abs, arc)) <= end}
            found.update(abs(number) for arc in arcs - kept for number in arc if abs(number) > end)
            content.arcs[key] = kept
    return sorted(found)

"""Foreign text in a line of our own."""

from __future__ import annotations

from typing import Final

MAX_CHARS: Final = 200


def one_line(text: str) -> str:
    """Return a text that can stand in a header or a label: printable ASCII, no line break."""
    if text.isascii() and text.isprintable():
        return text[:MAX_CHARS]
    return "".join(char if " " <= char <= "~" else " " for char in text)[:MAX_CHARS]

"""Recorded values: which are too particular to be there twice by chance, and which names speak of ids."""

from __future__ import annotations

import re
from typing import Final

_LONG: Final = 8
_LONG_NUMBER: Final = 9
_LONG_WORD: Final = 20
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?|\d\d:\d\d(:\d\d.*)?|\w{3}, \d\d \w{3} \d{4}.*")
_ID: Final = re.compile(r"(.*_)?(id|pk|uuid|guid)s?", re.IGNORECASE)
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TOKEN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.~+=-]*")
_SEGMENT: Final = re.compile(r"[^/?#&=]+")


def is_particular(text: str) -> bool:
    """Return whether a text is long and mixed enough that two equal ones are the same thing: ids, tokens, ETags."""
    if len(text) < _LONG or any(character.isspace() for character in text) or _TIME.fullmatch(text):
        return False
    letters, digits = any(c.isalpha() for c in text), any(c.isdigit() for c in text)
    if digits and not letters:
        return len(text) >= _LONG_NUMBER and text.isdigit()
    if letters and digits:
        return "://" not in text
    return len(text) >= _LONG_WORD and not text.islower() and not text.isupper() and text.isalnum()


def is_id_name(name: str) -> bool:
    """Return whether a key, parameter or field of this name holds an id: ``id``, ``run_id``, ``runId``, ``uuid``."""
    return _ID.fullmatch(snake_case(name)) is not None


def snake_case(name: str) -> str:
    """Return a name in the form of a variable: ``runId`` and ``run-id`` are ``run_id``."""
    text = re.sub(r"[^A-Za-z0-9]+", "_", _HUMP.sub("_", name)).strip("_").lower()
    return f"_{text}" if text[:1].isdigit() else text


def singular(word: str) -> str:
    """Return what one of a collection is called, well enough for names: ``runs`` is ``run``, ``entries`` ``entry``."""
    if word.endswith("ies") and len(word) > len("ties"):
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def find_tokens(text: str) -> list[tuple[int, str]]:
    """Return the words of a text with their places, for ids inside URLs and tokens behind ``Bearer``."""
    return [(match.start(), match[0]) for match in _TOKEN.finditer(text)]


def find_segments(url: str) -> list[tuple[int, str]]:
    """Return the segments of a URL's path and query with their places, or nothing if a text is not a URL or path."""
    start = url.find("/", url.find("://") + 3) if "://" in url else 0
    if start < 0 or not url.startswith(("/", "http://", "https://")) or any(c.isspace() for c in url):
        return []
    return [(match.start(), match[0]) for match in _SEGMENT.finditer(url, start)]

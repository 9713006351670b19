"""Texts for people without the secrets that a session has sent or been given."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

from profcov.playback.masking.names import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable

_MIN_SECRET_CHARS: Final = 4
"""A shorter value is not taken for a secret: too many words contain it."""

_ELLIPSIS: Final = "..."


class Mask:
    """The secrets of one session."""

    def __init__(self, values: Iterable[str | None] = ()) -> None:
        self._secrets: set[str] = set()
        self.add(*values)

    def add(self, *values: str | None) -> None:
        """Take values for secrets."""
        self._secrets.update(value for value in values if value and len(value) >= _MIN_SECRET_CHARS)

    @property
    def secrets(self) -> frozenset[str]:
        """All values that are taken for secrets."""
        return frozenset(self._secrets)

    def add_header(self, value: str) -> None:
        """Take the value of a header for a secret, and what is secret in it: a token, or each cookie."""
        self.add(value, value.rpartition(" ")[2], *(part.partition("=")[2] for part in value.split(";")))

    def hide(self, text: str) -> str:
        """Return a text without the secrets, however they are quoted in it, or cut off by an ellipsis."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            for form in list_forms(secret):
                text = _hide_cut(text.replace(form, MASK), form)
        return text


def list_forms(secret: str) -> Iterable[str]:
    """Return a secret as it is, and as messages and URLs quote it."""
    in_url = (quote(secret, safe="", errors="replace"), quote_plus(secret, errors="replace"))
    return dict.fromkeys((secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], *in_url))


def _hide_cut(text: str, form: str) -> str:
    """Hide the start of a secret where an ellipsis stands for its rest."""
    for dots in [match.start() for match in re.finditer(re.escape(_ELLIPSIS), text)][::-1]:
        longest = min(len(form) - 1, dots)
        for length in range(longest, _MIN_SECRET_CHARS - 1, -1):
            if text.endswith(form[:length], 0, dots):
                text = text[: dots - length] + MASK + text[dots:]
                break
    return text

"""Secrets that a session has sent or been given, and texts for people without them."""

from __future__ import annotations

from typing import Final

from profcov.playback.secret import mask

SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
"""Headers whose values no message shows."""

_SHORTEST: Final = 4
"""A value of fewer characters is no secret, and is in too many words."""


class Mask:
    """The secrets of one session."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def add(self, *values: str | None) -> None:
        """Take values for secrets."""
        self._secrets.update(value for value in values if value and len(value) >= _SHORTEST)

    @property
    def secrets(self) -> frozenset[str]:
        """All values that are taken for secrets."""
        return frozenset(self._secrets)

    def add_header(self, value: str) -> None:
        """Take the value of one of the secret headers for a secret, and what is secret in it: a token, or each cookie."""
        self.add(value, value.rpartition(" ")[2], *(part.partition("=")[2] for part in value.split(";")))

    def hide(self, text: str) -> str:
        """Return a text without the secrets, as they are or as messages and URLs quote them."""
        return mask(text, self._secrets)

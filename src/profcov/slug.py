"""What a slug may be."""

from __future__ import annotations

import re
from typing import Final, NewType

from profcov.errors import InvalidSlugError

Slug = NewType("Slug", str)
"""The name of a profile, checked by :func:`parse_slug`."""

PATTERN: Final = r"(?!.*\.coverage)[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_SLUG: Final = re.compile(PATTERN, re.ASCII)


def parse_slug(text: str) -> Slug:
    """Return ``text`` as a slug.

    ``.coverage`` is refused inside, because the files of one slug could pass for another's shards.

    Raises:
        InvalidSlugError: it has other characters, another start, or is longer than 100.
    """
    if _SLUG.fullmatch(text) is None:
        raise InvalidSlugError(text)
    return Slug(text)

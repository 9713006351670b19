"""Ids that are the same in each replay, in place of those that ``uuid.uuid4`` draws. Import it before all that imports that by name."""

from __future__ import annotations

import itertools
import re
import uuid
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK: Final = "feed"
"""What every id begins with that a replay makes."""

PATTERN: Final = re.compile(rf"{MARK}[0-9a-f]{{4}}-[0-9a-f]{{4}}(?:-0{{4}}){{2}}-0{{12}}|{MARK}[0-9a-f]{{4,8}}0*")
OWN_CHARS: Final = 12
"""How many of its characters no other id shares."""

_kinds: Final = {"web": 0, "api": 1, "worker": 2}
_state: Final[dict[str, Iterator[int]]] = {"numbers": itertools.count()}


def begin(kind: str) -> None:
    """Count from here on in a range that only processes of this kind use."""
    _state["numbers"] = itertools.count(_kinds[kind] << 28)


def make_id() -> uuid.UUID:
    """Return the next id of this process."""
    return uuid.UUID(hex=f"{MARK}{next(_state['numbers']):08x}".ljust(32, "0"))


uuid.uuid4 = make_id

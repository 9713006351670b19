"""What the doctor finds: one line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Level = Literal["problem", "warning", "ok"]
LEVELS: Final = get_args(Level)
"""The most serious first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about this interpreter or environment.

    ``level``: ``problem`` means that something will not be recorded as it should, ``warning`` that it may not.
    ``check``: a stable word for what was checked. ``advice``: what to do; empty if there is nothing to do.
    """

    level: Level
    check: str
    what: str
    advice: str = ""

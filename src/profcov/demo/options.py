"""The options of a request: JSON values, checked one by one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from profcov.demo.watershed.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.demo.watershed.grid import Cell


class Options:
    """A JSON object whose values are taken by name; each method raises ModelError on a value that does not fit."""

    def __init__(self, data: Any, *, known: Sequence[str]) -> None:
        if not isinstance(data, dict):
            raise ModelError("expected a JSON object")
        unknown = sorted(str(name) for name in data if name not in known)
        if unknown:
            raise ModelError(f"unknown option {', '.join(unknown)[:100]}; known are {', '.join(known)}")
        self._data = data

    def text(self, name: str) -> str:
        """Return a text that must be there, of at most 80 characters."""
        value = self._data.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > 80:
            raise ModelError(f"{name}: expected a text of 1 to 80 characters")
        return value.strip()

    def choice(self, name: str, allowed: Sequence[str], default: str) -> str:
        """Return one of the allowed words."""
        value = self._data.get(name, default)
        if not isinstance(value, str) or value not in allowed:
            raise ModelError(f"{name}: {str(value)[:40]!r} is none of {', '.join(allowed)}")
        return value

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """Return a number between two limits, both allowed."""
        value = self._data.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ModelError(f"{name}: {str(value)[:40]!r} is no number from {low:g} to {high:g}")
        return value

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number between two limits, both allowed."""
        value = self.number(name, default, low, high)
        if not math.isclose(value, round(value), abs_tol=0):
            raise ModelError(f"{name}: {value:g} is not a whole number")
        return round(value)

    def cell(self, name: str) -> Cell | None:
        """Return a cell, given as [row, column], or None where there is none."""
        value = self._data.get(name)
        if value is None:
            return None
        is_pair = isinstance(value, list) and len(value) == 2
        if not is_pair or not all(isinstance(part, int) and not isinstance(part, bool) for part in value):
            raise ModelError(f"{name}: expected [row, column]")
        return (value[0], value[1])

    def part(self, name: str, known: Sequence[str]) -> Options | None:
        """Return the object under a name as options of its own, or None where there is none."""
        value = self._data.get(name)
        return None if value is None else Options(value, known=known)

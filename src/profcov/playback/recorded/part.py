"""A part of a HAR, read as its many writers write it: what is missing, null or of another type is as if it were not there."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Part:
    """One mapping of a HAR; no access to it fails."""

    def __init__(self, value: Any) -> None:
        self._values: dict[str, Any] = value if isinstance(value, dict) else {}

    def __bool__(self) -> bool:
        return bool(self._values)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def value(self, key: str) -> Any:
        """Return what stands under a key, None if nothing does."""
        return self._values.get(key)

    def part(self, key: str) -> Part:
        """Return the mapping under a key."""
        return Part(self.value(key))

    def text(self, key: str) -> str:
        """Return the text under a key; a number is one, too, and so is a JSON value that stands there by itself."""
        value = self.value(key)
        if isinstance(value, str):
            return value
        if value is None or isinstance(value, bool):
            return ""
        return json.dumps(value, ensure_ascii=False)

    def number(self, key: str) -> float | None:
        """Return the number under a key; a text may be one."""
        value = self.value(key)
        try:
            number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
        except (ValueError, OverflowError):
            return None
        return number if math.isfinite(number) else None

    def items(self, key: str) -> list[Any]:
        """Return the list under a key."""
        value = self.value(key)
        return value if isinstance(value, list) else []

    def pairs(self, key: str) -> Iterator[tuple[str, str]]:
        """Yield the names and values under a key: a list of mappings with both, or a mapping of names to values.

        A list of values is the same name several times. What has no name is left out.
        """
        value = self.value(key)
        named = value.items() if isinstance(value, dict) else self._list_named(key)
        for name, content in named:
            for each in content if isinstance(content, list) else [content]:
                yield name, Part({name: each}).text(name)

    def _list_named(self, key: str) -> Iterator[tuple[str, Any]]:
        for item in map(Part, self.items(key)):
            if item.text("name"):
                yield item.text("name"), item.value("value")

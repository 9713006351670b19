"""Where values stand in a file: mappings and lists that know it of themselves and of what is in them."""

from __future__ import annotations

from typing import Any, NamedTuple


class Place(NamedTuple):
    """Line and column, both counted from 1."""

    line: int
    column: int


class Table(dict[str, Any]):
    """A mapping: its own place, and those of its keys and values by key."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.keys_at: dict[str, Place] = {}
        self.values_at: dict[str, Place] = {}

    def put(self, key: str, key_place: Place, value: Any, place: Place) -> None:
        """Add a key with its value."""
        self[key] = value
        self.keys_at[key] = key_place
        self.values_at[key] = place


class Items(list[Any]):
    """A list: its own place, and those of its items."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: list[Place] = []

    def put(self, value: Any, place: Place) -> None:
        """Add an item."""
        self.append(value)
        self.places.append(place)


def place_of(value: Any) -> Place | None:
    """Return where a mapping or a list stands, if it knows."""
    return value.place if isinstance(value, Table | Items) else None

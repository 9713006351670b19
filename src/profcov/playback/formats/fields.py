"""Reading a mapping strictly: each key is taken once with its type, and what is left over is an error."""

from __future__ import annotations

import itertools
import json
import math
from typing import TYPE_CHECKING, Any, Final, NoReturn, ParamSpec, TypeVar

import jmespath

from profcov.errors import ProfileFormatError
from profcov.playback.masking.names import is_secret_name
from profcov.playback.masking.text import hide_named
from profcov.playback.scenario.places import Items, Table, place_of
from profcov.playback.scenario.template import TemplateError, find_names

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from jmespath.parser import ParsedResult

    from profcov.playback.scenario.places import Place

T = TypeVar("T")
P = ParamSpec("P")

MAX_SECONDS: Final = 86_400
_NAMES: dict[type, str] = {dict: "a mapping", list: "a list", str: "text"}


class Fields:
    """One mapping of a profile file, and its place for errors."""

    def __init__(
        self,
        path: Path,
        where: str,
        value: Any,
        keys: Collection[str] | None = None,
        *,
        joint: str = ".",
        place: Place | None = None,
        faults: list[ProfileFormatError] | None = None,
    ) -> None:
        """Take a mapping; ``where`` is the way to it, such as ``step 2 'climate': wait``, or empty for the whole file.

        ``joint`` stands between the way and a key in messages. ``place`` is for a value that does not know its own.
        ``faults`` take what is wrong with one part when others are still to be read, see :meth:`keep`.

        Raises:
            ProfileFormatError: it is not a mapping, or has a key that is not among ``keys`` and ``faults`` is not given.
        """
        self._path = path
        self._where = where
        self._joint = joint
        self._place = place_of(value) or place
        self._faults = faults
        if not isinstance(value, dict):
            raise ProfileFormatError(path, where, f"must be a mapping, not {describe(value)}", self._place)
        self._values: dict[str, Any] = value
        for key in value:
            if keys is not None and key not in keys:
                self.note_key(key, "unknown key; known here: " + ", ".join(keys))

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def has_something(self, key: str) -> bool:
        """Return whether a key is there and is not null."""
        return self._values.get(key) is not None

    def has_text(self, key: str) -> bool:
        """Return whether a key is there and has a text in it: some writers put null or an empty text there."""
        value = self._values.get(key)
        return isinstance(value, str) and value != ""

    def holding(self, key: str, value: Any) -> Fields:
        """Return a mapping in this place that has only this key."""
        return Fields(
            self._path, self._where, {key: value}, joint=self._joint, place=self.place_at(key), faults=self._faults
        )

    def where(self, key: str) -> str:
        """Return the way to a key."""
        return f"{self._where}{self._joint}{key}" if self._where else key

    def fail(self, key: str, problem: str) -> NoReturn:
        """Raise a ProfileFormatError about the value of a key, or about its absence."""
        raise ProfileFormatError(self._path, self.where(key), problem, self.place_at(key))

    def note(self, key: str, problem: str, place: Place | None = None) -> None:
        """Take a fault of a part after which one can read on; raise it where nothing takes faults."""
        self._take(ProfileFormatError(self._path, self.where(key), problem, place or self.place_at(key)))

    def note_key(self, key: str, problem: str) -> None:
        """Take a fault of a key itself."""
        place = self._values.keys_at.get(key) if isinstance(self._values, Table) else None
        self.note(key, problem, place)

    def keep(self, default: T, read: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """Return what a part is read as, or the default where it has a fault: that is kept, and others are looked at too.

        Raises:
            ProfileFormatError: it has one, and nothing takes faults.
        """
        try:
            return read(*args, **options)
        except ProfileFormatError as error:
            self._take(error)
            return default

    def _take(self, error: ProfileFormatError) -> None:
        if self._faults is None:
            raise error
        self._faults.append(error)

    def place_at(self, key: str) -> Place | None:
        """Return where the value of a key stands, or where it is lacking."""
        return (self._values.values_at.get(key) if isinstance(self._values, Table) else None) or self._place

    def value(self, key: str) -> Any:
        """Return a value that must be there, of any type."""
        if key not in self._values:
            self.fail(key, "missing")
        return self._values[key]

    def text(self, key: str) -> str:
        """Return a text that must be there and is not empty."""
        value = self.value(key)
        if not isinstance(value, str) or not value:
            self.fail(key, f"must be text, not {describe(value)}")
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a text, or None if the key is absent."""
        return self.text(key) if key in self else None

    def scalar(self, key: str) -> str | int | float | bool:
        """Return a text, a finite number or a truth value."""
        value = self.value(key)
        if not isinstance(value, str | int | float) or (isinstance(value, float) and not math.isfinite(value)):
            self.fail(key, f"must be text, a number, true or false, not {describe(value)}")
        return value

    def seconds(self, key: str) -> float | None:
        """Return a number above 0, or None if the key is absent."""
        if key not in self:
            return None
        value = self.value(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_SECONDS:
            self.fail(key, f"must be a number of seconds above 0 and up to {MAX_SECONDS}, not {describe(value)}")
        return float(value)

    def mapping(self, key: str, keys: Collection[str] | None = None) -> Fields:
        """Return the mapping under a key; an empty one if the key is absent."""
        return self.with_value(key, self._values.get(key, {}), keys)

    def section(self, key: str, keys: Collection[str] | None = None) -> Fields:
        """Return the mapping under a key; an empty one if the key is absent, or has something else, which is kept as a fault."""
        return self.keep(self.with_value(key, {}), self.mapping, key, keys)

    def with_value(self, key: str, value: Any, keys: Collection[str] | None = None) -> Fields:
        """Return a mapping as if it stood under the key."""
        return Fields(self._path, self.where(key), value, keys, place=self.place_at(key), faults=self._faults)

    def numbered(self, key: str) -> Iterator[tuple[int, Any, Place | None]]:
        """Yield the items of a list that must be there and is not empty: number, value, place; none where that is a fault."""
        items = self.keep((), self.items, key)
        places = items.places if isinstance(items, Items) else itertools.repeat(None)
        yield from zip(itertools.count(1), items, places, strict=False)

    def items(self, key: str) -> Sequence[Any]:
        """Return a list that must be there and is not empty."""
        value = self.value(key)
        if not isinstance(value, list) or not value:
            self.fail(key, f"must be a list with something in it, not {describe(value)}")
        return value

    def json(self, key: str) -> Any:
        """Return a value that JSON can hold; it no longer knows its place."""
        value = self.value(key)
        try:
            return json.loads(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError) as error:
            self.fail(key, f"cannot be sent as JSON: {error}")

    def expression(self, key: str) -> ParsedResult:
        """Return a compiled JMESPath expression that must be there."""
        return self.compile(key, self.text(key))

    def compile(self, key: str, text: str) -> ParsedResult:
        """Return a text compiled as a JMESPath expression; it stands under a key, or is one."""
        try:
            return jmespath.compile(text)
        except RecursionError:
            self.fail(key, f"{text[:80]!r} is nested too deeply for a JMESPath expression")
        except jmespath.exceptions.JMESPathError as error:
            reason = str(error).splitlines()[0].rstrip(":")
            self.fail(key, f"{text!r} is not a JMESPath expression: {reason}")

    def template(self, key: str, value: Any, known: Collection[str]) -> None:
        """Check every text in a value as a template whose variables are known, and keep each fault.

        Raises:
            ProfileFormatError: a brace is out of place, or a variable is unknown, and nothing takes faults.
        """
        for name, text, place in _texts(value, key, self.place_at(key)):
            shown = "its value" if is_secret_name(name) else repr(hide_named(text)[:80])
            try:
                names = list(find_names(text))
            except TemplateError as error:
                self.note(key, f"{shown} {error}", place)
                continue
            for unknown in (each for each in names if each not in known):
                self.note(
                    key, f"unknown variable {unknown!r} in {shown}; known here: {', '.join(sorted(known))}", place
                )


def describe(value: Any) -> str:
    """Return what a wrong value is, in the words of the format."""
    if value is None:
        return "nothing"
    name = next((name for kind, name in _NAMES.items() if isinstance(value, kind)), "")
    if value in ("", [], {}):
        return f"empty {name.removeprefix('a ')}"
    if isinstance(value, dict | list):
        return name
    return f"{value!r}"[:80]


def _texts(value: Any, name: str, place: Place | None) -> Iterator[tuple[str, str, Place | None]]:
    """Yield the texts in a value, each with the name that it stands under; that of a secret goes for all below it."""
    if isinstance(value, str):
        yield name, value, place
    elif isinstance(value, list | tuple):
        places = value.places if isinstance(value, Items) else itertools.repeat(place)
        for item, item_place in zip(value, places, strict=False):
            yield from _texts(item, name, item_place)
    elif isinstance(value, dict):
        for key, item in value.items():
            item_place = value.values_at.get(key) if isinstance(value, Table) else place
            yield from _texts(item, name if is_secret_name(name) else key, item_place)

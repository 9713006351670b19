"""Reading a mapping strictly: each key is taken once with its type, and what is left over is an error."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NoReturn

import jmespath

from profcov.errors import ProfileFormatError
from profcov.playback.secret import is_secret_name
from profcov.playback.secret_text import hide_named
from profcov.playback.template import TemplateError, find_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from jmespath.parser import ParsedResult

_DAY = 86_400
_NAMES: dict[type, str] = {dict: "a mapping", list: "a list", str: "text"}


class Fields:
    """One mapping of a profile file, and where it stands, so that each error says so."""

    def __init__(
        self,
        path: Path,
        where: str,
        value: Any,
        keys: Collection[str] | None = None,
        *,
        joint: str = ".",
    ) -> None:
        """Take a mapping; ``where`` is the way to it, such as ``step 2 'climate': wait``, or empty for the whole file.

        ``joint`` stands between the way and a key in messages.

        Raises:
            ProfileFormatError: it is no mapping, or has a key that is not among ``keys``.
        """
        self._path = path
        self._where = where
        self._joint = joint
        if not isinstance(value, dict):
            raise ProfileFormatError(path, where, f"must be a mapping, not {describe(value)}")
        self._values: dict[str, Any] = value
        for key in value:
            if keys is not None and key not in keys:
                self.fail(key, "unknown key; known here: " + ", ".join(keys))

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
        return Fields(self._path, self._where, {key: value}, joint=self._joint)

    def where(self, key: str) -> str:
        """Return the way to a key."""
        return f"{self._where}{self._joint}{key}" if self._where else key

    def fail(self, key: str, problem: str) -> NoReturn:
        """Raise a ProfileFormatError about a key."""
        raise ProfileFormatError(self._path, self.where(key), problem)

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
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _DAY:
            self.fail(key, f"must be a number of seconds above 0 and up to {_DAY}, not {describe(value)}")
        return float(value)

    def mapping(self, key: str, keys: Collection[str] | None = None) -> Fields:
        """Return the mapping under a key; an empty one if the key is absent."""
        return Fields(self._path, self.where(key), self._values.get(key, {}), keys)

    def with_value(self, key: str, value: Any, keys: Collection[str] | None = None) -> Fields:
        """Return a mapping as if it stood under the key."""
        return Fields(self._path, self.where(key), value, keys)

    def items(self, key: str) -> Sequence[Any]:
        """Return a list that must be there and is not empty."""
        value = self.value(key)
        if not isinstance(value, list) or not value:
            self.fail(key, f"must be a list with something in it, not {describe(value)}")
        return value

    def json(self, key: str) -> Any:
        """Return a value that JSON can hold."""
        value = self.value(key)
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            self.fail(key, f"cannot be sent as JSON: {error}")
        return value

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
        """Check every text in a value as a template whose variables are known.

        Raises:
            ProfileFormatError: a brace is out of place, or a variable is unknown.
        """
        for name, text in _texts(value, key):
            shown = "its value" if is_secret_name(name) else repr(hide_named(text)[:80])
            try:
                names = list(find_names(text))
            except TemplateError as error:
                self.fail(key, f"{shown} {error}")
            for unknown in (each for each in names if each not in known):
                self.fail(key, f"unknown variable {unknown!r} in {shown}; known here: {', '.join(sorted(known))}")


def describe(value: Any) -> str:
    """Return what a wrong value is, in the words of the format."""
    if value is None:
        return "nothing"
    if value in ("", [], {}):
        return f"empty {_NAMES[type(value)].removeprefix('a ')}"
    if isinstance(value, dict | list):
        return _NAMES[type(value)]
    return f"{value!r}"[:80]


def _texts(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield the texts in a value, each with the name that it stands under; that of a secret goes for all below it."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item, name)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, name if is_secret_name(name) else key)

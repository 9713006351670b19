"""The ``save`` of a step in the YAML format: which place of the answer each variable comes from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from profcov.playback.scenario.source import CookieSource, HeaderSource, HtmlSource, JsonSource, TextSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.playback.formats.fields import Fields
    from profcov.playback.scenario.source import Source

SAVE_KEYS: Final = ("json", "header", "match", "cookie", "html", "text", "anywhere")
MATCHABLE: Final = ("json", "header")

_SOURCES: Final[dict[str, Callable[[Fields], Source]]] = {
    "json": lambda fields: JsonSource(fields.expression("json"), _read_match(fields)),
    "header": lambda fields: HeaderSource(fields.text("header"), _read_match(fields)),
    "cookie": lambda fields: CookieSource(fields.text("cookie")),
    "html": lambda fields: HtmlSource(fields.text("html")),
    "text": lambda fields: TextSource(_read_pattern(fields, "text")),
    "anywhere": lambda fields: TextSource(_read_pattern(fields, "anywhere"), anywhere=True),
}


def read_source(fields: Fields, name: str) -> Source:
    """Read where one variable comes from: a JMESPath expression, or a mapping that names the kind of place.

    Raises:
        ProfileFormatError: it does not fit the format.
    """
    if not isinstance(fields.value(name), dict):
        return JsonSource(fields.expression(name))
    place = fields.mapping(name, SAVE_KEYS)
    kinds = [key for key in place if key in _SOURCES]
    if len(kinds) != 1:
        fields.fail(name, f"must have one of {', '.join(_SOURCES)}, not {' and '.join(kinds) or 'none'}")
    if "match" in place and kinds[0] not in MATCHABLE:
        place.fail("match", f"goes with json and header; with {kinds[0]}, write the pattern there")
    return _SOURCES[kinds[0]](place)


def _read_match(fields: Fields) -> re.Pattern[str] | None:
    return _read_pattern(fields, "match") if "match" in fields else None


def _read_pattern(fields: Fields, key: str) -> re.Pattern[str]:
    text = fields.text(key)
    try:
        pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        fields.fail(key, f"{text[:80]!r} is not a regular expression: {error}")
    if not pattern.groups:
        fields.fail(key, f"{text[:80]!r} needs a group, such as id=(\\d+): it takes the value")
    return pattern

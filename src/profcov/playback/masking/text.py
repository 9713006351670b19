"""What a text of any kind has under the names of secrets: JSON, a form, cookies, headers, a page, or lines of ``name: value``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from profcov.playback.masking.names import MASK, has_secret_name, is_secret_name

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAIR: Final = re.compile(
    r"""(?:"(?P<double>(?:[^"\\=:&{}<>\n]|\\.){1,100}+)"|'(?P<single>(?:[^'\\=:&{}<>\n]|\\.){1,100}+)'"""
    r"""|(?P<slashes>\\+["'])(?P<escaped>[^"'\\=:&{}<>\n]{1,100}+)(?P=slashes)|(?P<bare>[\w.$%\[\]-]{1,200}+))"""
    r"(?P<before>\s*)(?:=>|:=|=|:)(?P<after>\s*)"
)
"""A name and what separates it from its value: ``"name": ``, ``\\"name\\": ``, ``name=``, ``name => ``."""

_QUOTE: Final = re.compile(r"""\\*["']""")
_HARMLESS: Final = re.compile(r"(?:null|true|false|None|True|False)\b")
_WORD_VALUE: Final = re.compile(
    r"""(?:(?:Basic|Bearer|Token|Digest|ApiKey)[ ]+)?[^\s&;,"'<>(){}\[\]\\]+""", re.IGNORECASE
)
_LINE: Final = re.compile(r"[^\r\n<]+")
_WHOLE_LINES: Final = re.compile(r"authorization|cookie", re.IGNORECASE)
_SCHEME: Final = re.compile(r"\b(Bearer|Basic)[ ]+(?=[^\s\"'<>,;]*[\d=])[^\s\"'<>,;]{8,}+")
_PASSWORD_IN_URL: Final = re.compile(r"""(://[^\s/?#@:"'<>]{0,200}:)[^\s/"'<>]{1,1000}(?=@)""")
_STRINGS: Final = re.compile(r""""(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|[][{}]""")
_UNICODE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")

_TAG: Final = re.compile(
    r"""<(?:[\w.-]+:)?(?P<tag>[A-Za-z][\w.-]*)(?P<attributes>(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^<>"'])*+)>?"""
    r"(?P<content>(?:<!\[CDATA\[.*?(?:\]\]>|\Z)|[^<])*+)",
    re.DOTALL,
)
"""An element's start, which may be cut off at its end, and the text behind it."""

_ATTRIBUTE: Final = re.compile(r"""([\w:.-]+)(\s*=\s*)("[^"]*+"?|'[^']*+'?|[^\s"'>]+)""")
_NAMING: Final = frozenset({"name", "id", "type", "property", "itemprop", "key"})
_HOLDING: Final = frozenset({"value", "content"})
_EMPTY_TAGS: Final = frozenset({"input", "meta", "link", "img", "br", "hr"})
_CELL: Final = re.compile(
    r"(<(t[dh]|dt)\b[^<>]*>\s*+([^<>]{1,80}?)\s*</\2>\s*<(?:td|dd)\b[^<>]*>)([^<]+)", re.IGNORECASE
)
_PART: Final = re.compile(
    r'(\bname="([^"\r\n]*)"[^\r\n]*(?:\r?\n[^\r\n]+)*\r?\n\r?\n)(.*?)(?=\r?\n--|\Z)', re.IGNORECASE | re.DOTALL
)
"""A part of a multipart form."""


def hide_named(text: str) -> str:
    """Return a text without what stands under the names of secrets, or in URLs as a password; null, true and false stay."""
    text = _PASSWORD_IN_URL.sub(rf"\1{MASK}", text)
    text = _PART.sub(lambda part: part[1] + MASK if _is_secret(part[2]) else part[0], text)
    text = _CELL.sub(lambda cell: cell[1] + MASK if _is_secret(cell[3]) else cell[0], text)
    text = _TAG.sub(_hide_in_element, text)
    return _SCHEME.sub(rf"\1 {MASK}", _hide_pairs(text))


def list_named(value: Any) -> Iterator[str]:
    """Yield the texts and numbers that a JSON value, or a mapping of fields, has under the names of secrets."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from list_texts(item) if _is_secret(str(name)) else list_named(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from list_named(item)


def list_texts(value: Any) -> Iterator[str]:
    """Yield the texts and numbers in a value, as texts."""
    if isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from list_texts(item)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


def _is_secret(name: str) -> bool:
    """Return whether a name is that of a secret, or has one as a part: ``user[password]``."""
    plain = _UNICODE.sub(lambda code: chr(int(code[1], 16)), unquote(name))
    return is_secret_name(plain) or has_secret_name(plain)


def _hide_pairs(text: str) -> str:
    shown, end = [], 0
    for pair in _PAIR.finditer(text):
        name = pair["double"] or pair["single"] or pair["escaped"] or pair["bare"]
        if pair.start() < end or not _is_secret(name):
            continue
        found = _find_value(text, pair)
        if found is not None:
            shown += [text[end : pair.end()], found[0]]
            end = found[1]
    return "".join((*shown, text[end:]))


def _find_value(text: str, pair: re.Match[str]) -> tuple[str, int] | None:
    """Return what to show for the value behind a name, and where the value ends; None where nothing is to hide."""
    at = pair.end()
    if _HARMLESS.match(text, at):
        return None
    if (quote := _QUOTE.match(text, at)) is not None:
        return f"{quote[0]}{MASK}{quote[0]}", _find_end_of_string(text, quote)
    shown = f'"{MASK}"' if pair["bare"] is None else MASK
    if text[at : at + 1] in {"{", "["}:
        return shown, _find_end_of_brackets(text, at)
    value = (_LINE if _has_the_line(text, pair) else _WORD_VALUE).match(text, at)
    return None if value is None else (shown, value.end())


def _has_the_line(text: str, pair: re.Match[str]) -> bool:
    """Return whether all up to the end of the line is the value: of a header such as Cookie, and in ``name: a pass phrase``."""
    if pair["bare"] is None:
        return False
    before = text[text.rfind("\n", 0, pair.start()) + 1 : pair.start()]
    return _WHOLE_LINES.search(pair["bare"]) is not None or (bool(pair["after"]) and not before.strip(" \t-"))


def _find_end_of_string(text: str, quote: re.Match[str]) -> int:
    """Return where a string ends: behind its other quote, which is not escaped, or with the text."""
    if len(quote[0]) > 1:
        end = text.find(quote[0], quote.end())
        return len(text) if end < 0 else end + len(quote[0])
    string = _STRINGS.match(text, quote.start())
    return len(text) if string is None else string.end()


def _find_end_of_brackets(text: str, at: int) -> int:
    """Return where an object or a list ends, brackets in strings aside; it may be cut off."""
    depth = 0
    for found in _STRINGS.finditer(text, at):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(found[0], 0)
        if depth == 0:
            return found.end()
    return len(text)


def _hide_in_element(element: re.Match[str]) -> str:
    """Return an element without its value, if its tag, its name or its type is that of a secret."""
    attributes = _ATTRIBUTE.findall(element["attributes"])
    named = [value.strip("\"'") for name, _, value in attributes if name.lower() in _NAMING]
    if not any(map(_is_secret, (element["tag"], *named))):
        return element[0]
    start = _ATTRIBUTE.sub(
        lambda found: f'{found[1]}{found[2]}"{MASK}"' if found[1].lower() in _HOLDING else found[0],
        element[0][: element.start("content") - element.start()],
    )
    hides = element["content"].strip() and element["tag"].lower() not in _EMPTY_TAGS
    return start + (MASK if hides else element["content"])

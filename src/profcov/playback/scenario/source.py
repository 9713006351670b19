"""Sources: the places of an answer that a variable's value is taken from."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urljoin

from profcov.playback.client.answers import read_json, read_text, search

if TYPE_CHECKING:
    import re

    import requests
    from jmespath.parser import ParsedResult


class Source(Protocol):
    """A place of an answer; its text is what messages call it."""

    def find(self, answer: requests.Response) -> Any:
        """Return the value that is there, or None.

        Raises:
            StepFailedError: the answer is not of the kind that has such a place.
        """

    def document(self) -> Any:
        """Return what stands under the variable's name in the YAML format."""


@dataclass(frozen=True, slots=True)
class JsonSource:
    """What a JMESPath expression finds in a JSON answer, or the part of that text that the group of ``match`` takes."""

    expression: ParsedResult
    match: re.Pattern[str] | None = None

    def __str__(self) -> str:
        return repr(self.expression.expression) + (f" by {self.match.pattern!r}" if self.match else "")

    def find(self, answer: requests.Response) -> Any:
        """Return what the expression finds."""
        found = search(self.expression, read_json(answer), answer)
        if self.match is None:
            return found
        return _first_group(self.match, found) if isinstance(found, str) else None

    def document(self) -> Any:
        """Return the expression, or a mapping with ``json`` and ``match``."""
        text = self.expression.expression
        return text if self.match is None else {"json": text, "match": self.match.pattern}


@dataclass(frozen=True, slots=True)
class HeaderSource:
    """A header, or the part of it that the one group of ``match`` takes."""

    name: str
    match: re.Pattern[str] | None = None

    def __str__(self) -> str:
        return f"header {self.name}" + (f" by {self.match.pattern!r}" if self.match else "")

    def find(self, answer: requests.Response) -> str | None:
        """Return the header, or its part."""
        text = answer.headers.get(self.name)
        return text if text is None or self.match is None else _first_group(self.match, text)

    def document(self) -> Any:
        """Return a mapping with ``header``, and ``match`` if there is one."""
        return {"header": self.name} | ({"match": self.match.pattern} if self.match else {})


@dataclass(frozen=True, slots=True)
class CookieSource:
    """A cookie that the answer sets, or that was sent to get it."""

    name: str

    def __str__(self) -> str:
        return f"cookie {self.name}"

    def find(self, answer: requests.Response) -> str | None:
        """Return the cookie's value."""
        for each in (answer, *reversed(answer.history)):
            for cookie in each.cookies:
                if cookie.name == self.name:
                    return cookie.value
        try:
            sent = SimpleCookie(answer.request.headers.get("Cookie", ""))
        except CookieError:
            return None
        return sent[self.name].value if self.name in sent else None

    def document(self) -> Any:
        """Return a mapping with ``cookie``."""
        return {"cookie": self.name}


@dataclass(frozen=True, slots=True)
class HtmlSource:
    """The value of an input, or the content of a meta element, by its name."""

    name: str

    def __str__(self) -> str:
        return f"the page's input or meta {self.name}"

    def find(self, answer: requests.Response) -> str | None:
        """Return the first that the page has."""
        return dict(reversed(read_fields(read_text(answer)))).get(self.name)

    def document(self) -> Any:
        """Return a mapping with ``html``."""
        return {"html": self.name}


@dataclass(frozen=True, slots=True)
class TextSource:
    """What the one group of a regular expression takes from the body; with ``anywhere`` from the address first.

    The address is the one that answered after redirects, and then the one in ``Location``.
    """

    match: re.Pattern[str]
    anywhere: bool = False

    def __str__(self) -> str:
        return repr(self.match.pattern)

    def find(self, answer: requests.Response) -> str | None:
        """Return what the group takes at the first place that fits."""
        texts = []
        if self.anywhere:
            url = answer.url or ""
            texts = [url]
            with contextlib.suppress(ValueError, KeyError):  # missing, or not an address
                texts.append(urljoin(url, answer.headers["Location"]))
        found = (_first_group(self.match, text) for text in (*texts, read_text(answer)))
        return next((text for text in found if text is not None), None)

    def document(self) -> Any:
        """Return a mapping with ``text``, or ``anywhere``."""
        return {"anywhere" if self.anywhere else "text": self.match.pattern}


class _Fields(HTMLParser):
    """The inputs and meta elements of a page, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element's name and value."""
        values = dict(attrs)
        name, value = values.get("name"), values.get("value" if tag == "input" else "content")
        if tag in {"input", "meta"} and name and value is not None:
            self.found.append((name, value))


def read_fields(page: str) -> list[tuple[str, str]]:
    """Return name and value of each input and meta element of a page, as far as it can be read."""
    parser = _Fields()
    with contextlib.suppress(AssertionError):  # the parser's own, at a section such as <![x[
        parser.feed(page)
    return parser.found


def _first_group(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return None if found is None else next((group for group in found.groups() if group is not None), None)

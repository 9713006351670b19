"""What every recording is read into first: exchanges of a request and its answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from profcov.playback.client.address import name_server
from profcov.playback.recorded.body import Body

if TYPE_CHECKING:
    from pathlib import Path

Headers = tuple[tuple[str, str], ...]
"""Names as recorded, and values; one name may be there several times."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it was sent: an absolute URL, or a path where the recording does not know the server."""

    method: str
    url: str
    headers: Headers = ()
    body: Body = field(default_factory=Body)

    @property
    def parts(self) -> SplitResult:
        """Return the parts of the URL."""
        return urlsplit(self.url)

    @property
    def is_path(self) -> bool:
        """Whether the recording does not know the server."""
        return self.url.startswith("/") and not self.url.startswith("//")

    @property
    def origin(self) -> str:
        """Return scheme and server, such as ``http://127.0.0.1:8000``; empty for a path."""
        return name_server(self.url)

    def header(self, name: str) -> str | None:
        """Return a header."""
        return find_header(self.headers, name)


@dataclass(frozen=True)
class Answer:
    """What came back; ``text`` is the decoded body, or None where the recording does not have it as text.

    ``status`` is 0 where the recording does not have it.
    """

    status: int
    headers: Headers = ()
    text: str | None = None
    type: str = ""

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None if it is not JSON."""
        if self.text is None or not ("json" in self.type or self.text.lstrip()[:1] in {"{", "["}):
            return None
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None

    def header(self, name: str) -> str | None:
        """Return a header."""
        return find_header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with its answer, and ``place``: where in the recording it stands, as messages name it.

    ``began`` and ``ended`` are when it was sent and its answer was whole, in seconds of one clock, where that is recorded.
    ``problem`` is why it cannot be played, and ``note`` what is odd in it, if anything is.
    """

    place: str
    sent: Sent
    answer: Answer
    resource: str = ""
    from_cache: bool = False
    began: float | None = None
    ended: float | None = None
    problem: str = ""
    note: str = ""

    def __str__(self) -> str:
        return f"{self.sent.method} {self.sent.parts.path or '/'}"


@dataclass(frozen=True, slots=True)
class Traffic:
    """A recording: its exchanges in the order in which they were sent, and what it has about itself.

    ``base_url`` is the server that it is about, or None. ``wait_for_jobs`` is set where the recording does not show
    how its client waited, and ``job_path`` is a template of the path that shows the state of ``{job_id}``. ``notes`` are about
    what was not read; ``lacks`` are those of requests that cannot be played because it lacks what they sent.
    """

    path: Path
    name: str
    exchanges: tuple[Exchange, ...]
    description: str = ""
    base_url: str | None = None
    wait_for_jobs: bool = False
    job_path: str | None = None
    run_id: str | None = None
    notes: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


def find_header(headers: Headers, name: str) -> str | None:
    """Return the first header of a name, in any case."""
    return next((value for key, value in headers if key.lower() == name.lower()), None)

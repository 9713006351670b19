"""What a profile is, whatever file it came from: its steps, their requests and what is expected of the answers."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from jmespath.parser import ParsedResult

    from profcov.playback.scenario.places import Place
    from profcov.playback.scenario.source import Source
    from profcov.slug import Slug


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a multipart form: its ``name`` and media type as they are sent.

    Its content is what ``path`` holds when it is sent, or ``content`` where a recording has it.
    """

    name: str
    path: Path | None = None
    content: bytes = b""
    type: str | None = None

    def is_there(self) -> bool:
        """Return whether there is such a file, or the recording has it."""
        return self.path is None or os.path.isfile(self.path)  # noqa: PTH113 (Path.is_file raises if the name is too long)

    def read(self) -> bytes:
        """Return the content.

        Raises:
            OSError: the file cannot be read.
        """
        return self.content if self.path is None else self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; texts are templates, see :mod:`profcov.playback.scenario.template`.

    ``path`` starts with ``/`` or is an absolute URL. ``json`` counts only where ``has_json``: null is a value too.
    ``form`` and ``files`` are by field; the form is sent as multipart where ``multipart``, with files always.
    ``data`` is sent as it stands, no template: a text as UTF-8, or the content of a file.
    """

    path: str
    method: str = "GET"
    json: Any = None
    has_json: bool = False
    form: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, tuple[Upload, ...]] = field(default_factory=dict)
    multipart: bool = False
    data: str | Upload | None = None
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def uploads(self) -> Iterator[Upload]:
        """Yield the files that are sent."""
        for uploads in self.files.values():
            yield from uploads
        if isinstance(self.data, Upload):
            yield self.data


MIN_STATUS: Final = 200
"""The lowest status of a final answer."""

MAX_STATUS: Final = 999


@dataclass(frozen=True, slots=True)
class Expect:
    """What an answer must be; an empty ``status`` means any from 200 to 299.

    ``json`` (where ``has_json``) is a part of the answer: objects may have more keys, lists have the same length.
    ``finds`` are parts as well, of what an expression finds in the answer. ``headers`` are equal, ``text`` is somewhere
    in the body, ``duration`` is how many seconds the whole answer may take.
    """

    status: tuple[int, ...] = ()
    json: Any = None
    has_json: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    finds: tuple[tuple[ParsedResult, Any], ...] = ()
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask ``path`` again until ``until`` is true of its JSON answer; seconds.

    Without a ``path`` the step's own request is sent again, and what is expected and saved is of its last answer.
    Without a ``timeout`` playback's own counts, without an ``interval`` the pauses grow from 20 to 500 ms.
    """

    path: str | None
    until: ParsedResult
    fail: ParsedResult | None = None
    timeout: float | None = None
    interval: float | None = None


@dataclass(frozen=True, slots=True)
class JobsWait:
    """Wait for the jobs that answers so far have named; with none named there is nothing to wait for.

    They are RQ's and in Redis; where no Redis is given, ``path`` is asked, a template with ``{job_id}`` in it.
    """

    path: str | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One request, what is expected of its answer, what is saved from it, and what is waited for after it.

    ``pause`` is how many seconds the client of a recording waited before it.
    """

    name: str
    request: Request
    expect: Expect = Expect()
    save: Mapping[str, Source] = field(default_factory=dict)
    wait: Wait | JobsWait | None = None
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Secret:
    """A variable whose value is never shown: the environment's under ``env``, else the one that a recording has.

    ``place`` is where a file asks for it.
    """

    env: str
    recorded: str | None = field(default=None, repr=False)
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Profile:
    """One scenario: steps to be sent in order. ``variables`` hold what was given on the command line too.

    ``secrets`` are variables as well; one that the command line gives is in both. ``lacks`` names the requests of a
    recording that are not steps because it lacks what they sent, ``slug_place`` where the file has the slug.
    """

    path: Path
    slug: Slug
    description: str
    base_url: str | None
    variables: Mapping[str, str | int | float | bool]
    steps: tuple[Step, ...]
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    slug_place: Place | None = field(default=None, compare=False)

"""A request as it is sent: what its templates have become, and how its form is encoded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FilePart = tuple[str | None, bytes] | tuple[str | None, bytes, str]
"""A part of a multipart form: file name (none for a plain field), content, and the media type where there is one."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request with its templates filled in; it has a ``body``, or ``form`` with ``files``, or none of these.

    ``files`` are parts by form field. A form with files, or with ``multipart``, is sent as multipart. ``secrets`` are
    values in it that messages hide.
    """

    method: str
    path: str
    body: bytes | None = None
    form: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Sequence[tuple[str, FilePart]] = ()
    multipart: bool = False
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    follow_redirects: bool = True
    secrets: Sequence[str] = field(default=(), repr=False)

    def form_fields(self) -> dict[str, list[str]]:
        """Return the fields that are sent URL-encoded, unless there are files."""
        return {} if self.multipart else {name: list(texts) for name, texts in self.form.items()}

    def parts(self) -> list[tuple[str, FilePart]]:
        """Return the parts of a multipart form; requests makes one of plain fields only if they are given as files."""
        fields: list[tuple[str, FilePart]] = [
            (name, (None, text.encode())) for name, texts in self.form.items() for text in texts
        ]
        return [*(fields if self.multipart else ()), *self.files]

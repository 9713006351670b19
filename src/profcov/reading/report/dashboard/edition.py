"""An edition of the dashboard: the matrix it shows, and what is told beside it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from profcov.reading.analysis.drift import Drift
    from profcov.reading.analysis.gaps import Gaps
    from profcov.reading.analysis.matrix import Matrix
    from profcov.reading.report.dashboard.notes import Note, Played
    from profcov.reading.symbols.model import Unreadable
    from profcov.slug import Slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What goes into one dashboard.

    Args:
        matrix: what profiles cover.
        gaps: what none of them does.
        notes: what is known of each profile; one without a note has none of these facts.
        played: how each profile was played, as far as that is known.
        directory: where the page goes: reports that are there are linked.
        generated: when, as ISO 8601.
        title: of the page.
        profiles: where the profiles are, for the command that replays one; without any there is none.
        options: what else that command needs, such as the server's address.
        commit: of the source, if it is known.
        unreadable: the source files that are in no matrix.
        since: what the matrix is compared with, and what has changed.
        left_out: sentences that say what is missing.
    """

    matrix: Matrix
    gaps: Gaps
    directory: Path
    generated: str
    notes: Mapping[Slug, Note] = field(default_factory=dict)
    played: Mapping[Slug, Played] = field(default_factory=dict)
    title: str = "profcov"
    profiles: Sequence[str] = ()
    options: Sequence[str] = ()
    commit: str | None = None
    unreadable: Sequence[Unreadable] = ()
    since: tuple[str, Drift] | None = None
    left_out: Sequence[str] = ()

    def replay_command(self, slug: Slug) -> str:
        """Return the command that replays a profile; empty where nobody has said where it is."""
        if not self.profiles:
            return ""
        return shlex.join(["profcov", "playback", *self.profiles, "--select", slug, "--trace-code", *self.options])

    def find_link(self, *names: str) -> str | None:
        """Return the first of these names, relative to the page, that is a file; None if none is."""
        return next((name for name in names if (self.directory / name).is_file()), None)

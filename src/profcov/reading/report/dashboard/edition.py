"""An edition of the dashboard: the matrix, and the facts that are shown beside it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from profcov.reading.analysis.drift import Drift
    from profcov.reading.analysis.notes import Played
    from profcov.reading.analysis.overview import Overview
    from profcov.slug import Slug


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What goes into one dashboard.

    Args:
        overview: what profiles cover, what no profile covers, and a note of each.
        played: how each profile was played, as far as that is known.
        directory: where the page goes; reports in it are linked.
        generated: when, as ISO 8601; now, unless it is given.
        title: the title of the page.
        profiles: where the profiles are, for the command that replays one; without them the page has no such command.
        options: what else that command needs, such as the server's address.
        commit: of the source, if it is known.
        since: the name of the earlier matrix, and what has changed since.
        left_out: sentences that say what is missing.
    """

    overview: Overview
    directory: Path
    generated: str = field(default_factory=lambda: show_time(datetime.now(UTC)))
    played: Mapping[Slug, Played] = field(default_factory=dict)
    title: str = "profcov"
    profiles: Sequence[str] = ()
    options: Sequence[str] = ()
    commit: str | None = None
    since: tuple[str, Drift] | None = None
    left_out: Sequence[str] = ()

    def replay_command(self, slug: Slug) -> str:
        """Return the command that replays a profile; empty if its place is not known."""
        if not self.profiles:
            return ""
        return shlex.join(["profcov", "playback", *self.profiles, "--select", slug, "--trace-code", *self.options])

    def find_link(self, *names: str) -> str | None:
        """Return the first of these names, relative to the page, that is a file, or None."""
        return next((name for name in names if (self.directory / name).is_file()), None)


def show_time(moment: datetime) -> str:
    """Return a moment in ISO 8601, to the second."""
    return moment.isoformat(timespec="seconds")

"""Slugs that were traced while no measured code ran: what their shards, which have no line, show about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from profcov.configuration import choose_settings, tell_source
from profcov.errors import CoverageReadError
from profcov.store.content import has_lines, read_content
from profcov.store.merge import Gathered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

MAX_LOOKED_AT: Final = 256
"""How many slugs are checked if none was named: as many as a process records at once."""


def find_unmeasured(shards: Iterable[Path]) -> str | None:
    """Return the sentence about a slug whose shards have no line; None if one has, or cannot be read, or there is none."""
    gathered = Gathered()
    for shard in shards:
        try:
            if has_lines(shard):
                return None
            gathered.contents[shard] = read_content(shard)
        except CoverageReadError:
            return None
    return tell_unmeasured(choose_settings(gathered.settings)[0], gathered) if gathered.contents else None


def tell_unmeasured(measured: Mapping[str, Any] | None, gathered: Gathered) -> str:
    """Return the sentence about shards without a line, with what their processes were configured to measure."""
    sentence = "traced, but no measured file ran: is `source` right?"
    if measured is None:
        return sentence
    imported = sorted(gathered.imported)
    had = (
        f"had imported {len(imported)} of its files, {imported[0]} first" if imported else "had imported no file of it"
    )
    return f"{sentence} The server measures {tell_source(measured)}, seen from {measured.get('root')}, and {had}"

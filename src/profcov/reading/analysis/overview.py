"""What artifacts show together: each result is computed once for all outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from profcov.reading.analysis.gaps import find_gaps
from profcov.reading.analysis.overlap import find_unique

if TYPE_CHECKING:
    from collections.abc import Mapping

    from profcov.reading.analysis.gaps import Gaps
    from profcov.reading.analysis.matrix import Matrix
    from profcov.reading.analysis.notes import Note
    from profcov.reading.analysis.overlap import Unique
    from profcov.slug import Slug


@dataclass(frozen=True)
class Overview:
    """Which profile covers what, and a note of each; a profile without a note has none of these facts."""

    matrix: Matrix
    notes: Mapping[Slug, Note] = field(default_factory=dict)

    @cached_property
    def gaps(self) -> Gaps:
        """What no profile reaches."""
        return find_gaps(self.matrix)

    @cached_property
    def unique(self) -> Mapping[Slug, Unique]:
        """What only one profile reaches."""
        return find_unique(self.matrix)

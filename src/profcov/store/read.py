"""Reading artifacts and shards back: which lines of which files ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from profcov.errors import CoverageReadError
from profcov.store.content import read_content
from profcov.store.files import file_digest
from profcov.store.jobs import name_doubtful
from profcov.store.layout import artifact_path, sidecar_path
from profcov.store.sidecar import check_bytes, check_sources, read_sidecar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from profcov.slug import Slug
    from profcov.store.content import Content


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a profile's artifact holds; ``facts`` is its sidecar, None if there is none."""

    slug: Slug
    content: Content
    facts: Mapping[str, Any] | None

    @property
    def status(self) -> str:
        """Whether it is complete or partial; unknown without a sidecar."""
        return "unknown" if self.facts is None else str(self.facts.get("status"))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is partial."""
        return tuple((self.facts or {}).get("reasons", ()))

    @property
    def imported(self) -> frozenset[str] | None:
        """The measured files that were imported in the processes that worked for it; None if unknown."""
        found = (self.facts or {}).get("imported")
        return None if found is None else frozenset(found)

    @property
    def outside(self) -> dict[str, list[int]]:
        """The first lines of functions that ran outside of any unit in the processes that worked for it, by file, if known."""
        return dict((self.facts or {}).get("ran_outside", {}))

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """The profile's jobs, as in the sidecar."""
        return list((self.facts or {}).get("jobs", ()))

    @property
    def doubtful_jobs(self) -> dict[str, str]:
        """The jobs behind each reason why it is partial: the ids of some."""
        named = name_doubtful(self.jobs)
        return {reason: ids for reason, ids in named.items() if reason in self.reasons}


def read_artifact(
    data_dir: Path,
    slug: Slug,
    *,
    digest_of: Callable[[str], str | None] = file_digest,
    ignore_source_changes: bool = False,
) -> Recorded:
    """Return the content of a profile's artifact, and its sidecar.

    ``digest_of`` returns the sha256 of a source: a caller that reads many artifacts caches it.

    Raises:
        CoverageReadError: it is missing, damaged, or not coverage.py's, or a source is another than the one that ran.
    """
    artifact = artifact_path(data_dir, slug)
    if not artifact.is_file():
        raise CoverageReadError(artifact, "there is no such file (`profcov combine` makes artifacts)")
    facts = read_sidecar(artifact) if sidecar_path(artifact).exists() else None
    if facts is not None:
        check_bytes(artifact, facts)
        if not ignore_source_changes:
            check_sources(artifact, facts, digest_of)
    return Recorded(slug, read_content(artifact), facts)


def read_lines(path: Path) -> dict[str, set[int]]:
    """Map each file in a data file to the lines that ran, in any context; branch data is read as lines.

    Files without a line are left out. The data file is not changed, whatever it is.

    Raises:
        CoverageReadError: it is missing, or it is not coverage.py's.
    """
    if not path.is_file():
        raise CoverageReadError(path, "there is no such file (`profcov combine` makes artifacts)")
    return read_content(path).lines_by_file()

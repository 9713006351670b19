"""All shards of a slug merged into one content, with one version of each source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from profcov.configuration import list_settings
from profcov.errors import CoverageReadError
from profcov.store.content import UNKNOWN, Content, read_content
from profcov.store.files import file_digest
from profcov.store.line_sets import unite_lines

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from pathlib import Path


@dataclass(slots=True)
class Gathered:
    """The readable shards of a slug, each with its content, and the others with the reason."""

    contents: dict[Path, Content] = field(default_factory=dict)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    """The sha256 of the sources that ran, by file; set by :meth:`merge`."""

    @property
    def shards(self) -> list[Path]:
        """The shards that can be read."""
        return list(self.contents)

    @property
    def names(self) -> set[str]:
        """Every file name in them."""
        return set().union(*(each.names for each in self.contents.values()))

    def rename(self, names: Mapping[str, str]) -> None:
        """Give files other names, in each content."""
        if any(old != new for old, new in names.items()):
            for content in self.contents.values():
                content.rename(names)

    @property
    def imported(self) -> set[str]:
        """The measured files that were imported in the processes that wrote them."""
        return set().union(*(each.imported for each in self.contents.values()))

    @property
    def outside(self) -> dict[str, list[int]]:
        """The first lines of functions that ran outside of any unit, by file, as far as is known."""
        return unite_lines(each.outside for each in self.contents.values())

    @property
    def settings(self) -> list[Mapping[str, Any]]:
        """coverage.py's settings in the processes that wrote them, in the order of time, as often as they were noted."""
        return list_settings(each.facts for each in sorted(self.contents.values(), key=_when_written))

    @property
    def lost(self) -> int:
        """How many units of work had lines that could not be written, and were dropped."""
        return sum(int(each.facts.get("lost", 0)) for each in self.contents.values())

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """The notes about jobs."""
        return _list_jobs(self.contents.values())

    def jobs_in(self, names: Container[str]) -> list[dict[str, Any]]:
        """Return what was noted of jobs in the shards of these names."""
        return _list_jobs(content for shard, content in self.contents.items() if shard.name in names)

    @property
    def written(self) -> list[float]:
        """When they were written, in seconds since 1970."""
        return [float(each.facts["written"]) for each in self.contents.values() if "written" in each.facts]

    def merge(self, before: Content) -> tuple[Content, dict[str, list[str]]]:
        """Return the merged content, and the files with more than one version, with the sha256 of each.

        Such a file has the lines of one version only: that on disk now, or else the known one recorded last.
        """
        parts = [before, *self.contents.values()]
        versions: dict[str, dict[str, float]] = {}
        for part in parts:
            for file, digest in part.sources.items():
                known = versions.setdefault(file, {})
                known[digest] = max(known.get(digest, 0.0), float(part.facts.get("written", 0.0)))
        changed = {file: sorted(known) for file, known in versions.items() if len(known) > 1 or UNKNOWN in known}
        self.sources = {file: _choose(file, known) for file, known in versions.items()}
        merged = Content()
        for part in parts:
            others = {file for file, digest in part.sources.items() if file in changed and digest != self.sources[file]}
            merged.add(part, frozenset(others))
        return merged, changed


def _list_jobs(contents: Iterable[Content]) -> list[dict[str, Any]]:
    return [note for each in contents for note in each.facts.get("jobs", ())]


def _when_written(content: Content) -> float:
    return float(content.facts.get("written", 0.0))


def _choose(file: str, versions: dict[str, float]) -> str:
    now = file_digest(file) if len(versions) > 1 else None
    return now if now in versions else max(versions, key=lambda digest: (digest != UNKNOWN, versions[digest], digest))


def read_shards(shards: Sequence[Path]) -> Gathered:
    """Read shards; set those apart that are symbolic links, or cannot be read."""
    gathered = Gathered()
    for shard in shards:
        try:
            if shard.is_symlink():
                raise CoverageReadError(shard, "a symbolic link, which profcov does not follow")  # noqa: TRY301
            gathered.contents[shard] = read_content(shard)
        except CoverageReadError as error:
            gathered.unreadable.append((shard, str(error)))
    return gathered

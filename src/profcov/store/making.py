"""How an artifact is made: from which shards, by which processes and jobs, and why it is partial."""

from __future__ import annotations

import os
import platform
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import coverage

from profcov.reasons import (
    JOBS_UNFINISHED,
    JOBS_UNMEASURED,
    LINES_IMPOSSIBLE,
    LINES_UNWRITTEN,
    SHARD_UNREADABLE,
    SOURCE_CHANGED,
)
from profcov.store.files import file_digest
from profcov.store.holders import list_died
from profcov.store.jobs import list_jobs, name_doubtful
from profcov.store.line_sets import unite_lines
from profcov.store.sidecar import SCHEMA_VERSION
from profcov.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from profcov.slug import Slug
    from profcov.store.content import Content
    from profcov.store.holders import Holder
    from profcov.store.merge import Gathered

_OF_JOBS: Final = {JOBS_UNFINISHED, JOBS_UNMEASURED}
"""What may no longer be true when jobs have ended since."""


@dataclass(frozen=True, kw_only=True)
class Making:
    """An artifact in the making: ``content`` is what was merged, ``before`` the sidecar of the artifact that was appended to.

    ``given`` are the reasons that the caller knows, ``from_rq`` the jobs that RQ knows, ``failed`` what processes have noted.
    ``changed`` has the sha256 of each version of the files of which there is more than one; ``impossible`` the lines that
    were left out because their file ends before them. ``settings`` are coverage.py's settings where it was measured,
    ``other_settings`` those of processes with other ones.
    """

    slug: Slug
    gathered: Gathered
    content: Content
    before: Mapping[str, Any]
    given: Sequence[str]
    from_rq: Mapping[str, str | None]
    failed: Sequence[Holder]
    changed: Mapping[str, list[str]]
    impossible: Mapping[str, list[int]]
    settings: Mapping[str, Any]
    other_settings: Sequence[Mapping[str, Any]]

    @cached_property
    def died(self) -> list[Holder]:
        """The processes that died at work, and that the artifact before does not have already."""
        return [each for each in list_died(self.failed) if _describe_death(each) not in self.before.get("died", ())]

    @cached_property
    def jobs(self) -> list[dict[str, Any]]:
        """The jobs, as :func:`profcov.store.jobs.list_jobs` has them."""
        counted = self.gathered.jobs_in(self._counted)
        return list_jobs(self.gathered.jobs, self.died, self.from_rq, self.before.get("jobs", ()), counted)

    @cached_property
    def _counted(self) -> frozenset[str]:
        """The names of the shards that the artifact before has counted: they were kept."""
        return frozenset(self.before.get("kept_shards", ()))

    @property
    def has_notes(self) -> bool:
        """Whether the artifact has something to report, even without a line."""
        return bool(self.failed or name_doubtful(self.jobs))

    @cached_property
    def reasons(self) -> tuple[str, ...]:
        """Why the artifact is partial; no reasons if it is complete."""
        own = (
            *((each, True) for each in sorted({each.missing for each in self.failed if each.missing})),
            (LINES_UNWRITTEN, self.gathered.lost),
            (SHARD_UNREADABLE, self.gathered.unreadable),
            (SOURCE_CHANGED, self.changed),
            (LINES_IMPOSSIBLE, self.impossible),
            *((reason, True) for reason in name_doubtful(self.jobs)),
        )
        earlier = [each for each in self.before.get("reasons", ()) if each not in _OF_JOBS]
        return tuple(dict.fromkeys([*self.given, *earlier, *(code for code, found in own if found)]))

    def describe(self, artifact: Path, *, generation: int, keep: bool) -> dict[str, Any]:
        """Return the facts about a freshly combined artifact, as ``docs/reference/sidecar.schema.json`` has them.

        ``sources`` has the sha256 of each file as it was when it ran; if no shard has it, as it is on disk now, or null
        if it is not there. With ``keep`` the shards stay to be combined again, and must not be counted again.
        """
        gathered, before, content = self.gathered, self.before, self.content
        names = [shard.name for shard in gathered.shards]
        origins = [name.rsplit(".", 3)[1:3] for name in names]
        return {
            "schema_version": SCHEMA_VERSION,
            "slug": self.slug,
            "status": "partial" if self.reasons else "complete",
            "reasons": list(self.reasons),
            "created": _instant(time.time()),
            "recorded": _describe_span(gathered.written),
            "generation": generation,
            "shards": len({*names} - self._counted) + before.get("shards", 0),
            "kept_shards": names if keep else [],
            "hosts": sorted({*(host for host, _ in origins), *before.get("hosts", ())}),
            "pids": sorted({*(int(pid) for _, pid in origins), *before.get("pids", ())}),
            "died": [*map(_describe_death, self.died), *before.get("died", ())],
            "contexts": sorted({context for context, _ in (*content.lines, *content.arcs)}),
            "jobs": list(self.jobs),
            "job_ids": sorted({*(each["id"] for each in self.jobs), *before.get("job_ids", ())}),
            "versions": {
                "profcov": __version__,
                "coverage": coverage.__version__,
                "python": platform.python_version(),
            },
            "platform": sys.platform,
            "source_root": os.getcwd(),  # noqa: PTH109
            "settings": dict(self.settings),
            "other_settings": [dict(each) for each in self.other_settings],
            "coverage_types": {"line": True, "branch": bool(self.settings.get("branch")), "function": True},
            "sha256": file_digest(artifact),
            "sources": {name: gathered.sources.get(name) or file_digest(name) for name in sorted(content.files)},
            "imported": sorted({*gathered.imported, *before.get("imported", ())}),
            "ran_outside": unite_lines([gathered.outside, before.get("ran_outside", {})]),
            "changed_sources": {file: list(digests) for file, digests in sorted(self.changed.items())},
            "impossible_lines": {**before.get("impossible_lines", {}), **self.impossible},
        }


def _describe_death(holder: Holder) -> dict[str, Any]:
    return {"host": holder.host, "pid": holder.pid, "since": _instant(holder.since), "job": holder.job or None}


def _describe_span(times: Sequence[float]) -> dict[str, str] | None:
    return {"first": _instant(min(times)), "last": _instant(max(times))} if times else None


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

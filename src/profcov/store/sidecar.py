"""The sidecar ``<slug>.profile.json``: the facts about an artifact, and whether it is complete."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import coverage

from profcov.errors import CoverageReadError, as_read_error, as_write_error
from profcov.store.facts import SIDECAR, find_wrong
from profcov.store.files import PRIVATE, file_digest, replace_file
from profcov.store.layout import previous_path, sidecar_path, unfinished_path
from profcov.store.line_sets import unite_lines
from profcov.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from profcov.slug import Slug
    from profcov.store.content import Content
    from profcov.store.holders import Holder
    from profcov.store.merge import Gathered

SCHEMA_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How an artifact was made: from which shards, by which processes and jobs, and why it is partial.

    ``changed`` has the sha256 of each version of the files of which there is more than one; ``impossible`` the lines that
    were left out because their file ends before them; ``jobs`` are as :func:`profcov.store.jobs.list_jobs` has them; ``before``
    is the sidecar of the artifact that was appended to. ``settings`` are coverage.py's settings where it was measured,
    ``other_settings`` those of processes with other ones.
    """

    slug: Slug
    gathered: Gathered
    reasons: tuple[str, ...]
    died: Sequence[Holder]
    changed: Mapping[str, list[str]]
    impossible: Mapping[str, list[int]]
    jobs: Sequence[Mapping[str, Any]]
    before: Mapping[str, Any]
    settings: Mapping[str, Any]
    other_settings: Sequence[Mapping[str, Any]]


def describe(artifact: Path, making: Making, content: Content, *, generation: int, keep: bool) -> dict[str, Any]:
    """Return the facts about a freshly combined artifact, as ``docs/reference/sidecar.schema.json`` has them.

    ``sources`` has the sha256 of each file as it was when it ran; if no shard has it, as it is on disk now, or null
    if it is not there. With ``keep`` the shards stay to be combined again, and must not be counted again.
    """
    before, recorded, written = making.before, making.gathered.sources, making.gathered.written
    return {
        "schema_version": SCHEMA_VERSION,
        "slug": making.slug,
        "status": "partial" if making.reasons else "complete",
        "reasons": list(making.reasons),
        "created": _instant(time.time()),
        "recorded": {"first": _instant(min(written)), "last": _instant(max(written))} if written else None,
        "generation": generation,
        "shards": len(making.gathered.new) + before.get("shards", 0),
        "kept_shards": [shard.name for shard in making.gathered.shards] if keep else [],
        **_origins(making),
        "contexts": sorted({context for context, _ in (*content.lines, *content.arcs)}),
        "jobs": list(making.jobs),
        "job_ids": sorted({*(each["id"] for each in making.jobs), *before.get("job_ids", ())}),
        "versions": {
            "profcov": __version__,
            "coverage": coverage.__version__,
            "python": platform.python_version(),
        },
        "platform": sys.platform,
        "source_root": os.getcwd(),  # noqa: PTH109
        "settings": dict(making.settings),
        "other_settings": [dict(each) for each in making.other_settings],
        "coverage_types": {"line": True, "branch": bool(making.settings.get("branch")), "function": True},
        "sha256": file_digest(artifact),
        "sources": {name: recorded.get(name) or file_digest(name) for name in sorted(content.files)},
        "imported": sorted({*making.gathered.imported, *before.get("imported", ())}),
        "ran_outside": unite_lines([making.gathered.outside, before.get("ran_outside", {})]),
        "changed_sources": {file: list(digests) for file, digests in sorted(making.changed.items())},
        "impossible_lines": {**before.get("impossible_lines", {}), **making.impossible},
    }


def _origins(making: Making) -> dict[str, Any]:
    """Return which hosts and processes wrote, and which died with work in flight."""
    origins = [shard.name.rsplit(".", 3)[1:3] for shard in making.gathered.shards]
    return {
        "hosts": sorted({host for host, _ in origins} | set(making.before.get("hosts", ()))),
        "pids": sorted({int(pid) for _, pid in origins} | set(making.before.get("pids", ()))),
        "died": [*map(describe_death, making.died), *making.before.get("died", ())],
    }


def describe_death(holder: Holder) -> dict[str, Any]:
    """Return a sidecar's entry for a process that died with work in flight."""
    return {"host": holder.host, "pid": holder.pid, "since": _instant(holder.since), "job": holder.job or None}


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def check_artifact(artifact: Path) -> None:
    """Refuse an artifact that does not match its sidecar's checksum; one without a sidecar passes.

    Raises:
        CoverageReadError: it is another, or damaged.
    """
    if sidecar_path(artifact).exists():
        check_bytes(artifact, read_sidecar(artifact))


def check_bytes(artifact: Path, facts: Mapping[str, Any]) -> None:
    """Refuse an artifact that does not match the checksum in these facts, its sidecar's.

    Raises:
        CoverageReadError: it is another, or damaged.
    """
    if file_digest(artifact) == facts.get("sha256"):
        return
    slug = artifact.name.removesuffix(".coverage")
    hint = f"; `profcov combine --restore-previous {slug}` brings the one before back"
    raise CoverageReadError(
        artifact,
        "its checksum is not the one in its sidecar: it was changed or damaged after it was made"
        + (hint if previous_path(artifact).is_file() else ""),
    )


def list_changed_sources(
    artifact: Path, facts: Mapping[str, Any] | None = None, digest_of: Callable[[str], str | None] = file_digest
) -> list[str]:
    """Return the measured files whose source on disk is not the one that ran; nothing without a sidecar.

    Missing files do not count: coverage.py reports those itself. ``facts`` is the sidecar, if it was
    read already; ``digest_of`` returns the sha256 of a source.
    """
    if facts is None:
        facts = read_sidecar(artifact) if sidecar_path(artifact).exists() else {}
    sources: dict[str, str | None] = facts.get("sources", {})
    return [file for file, digest in sources.items() if digest and digest_of(file) not in {None, digest}]


def check_sources(
    artifact: Path, facts: Mapping[str, Any] | None = None, digest_of: Callable[[str], str | None] = file_digest
) -> None:
    """Refuse an artifact with a source that has changed since it ran: its line numbers mean other lines.

    The arguments are those of :func:`list_changed_sources`.

    Raises:
        CoverageReadError: there is one.
    """
    changed = list_changed_sources(artifact, facts, digest_of)
    if changed:
        others = f" and {len(changed) - 1} more" if changed[1:] else ""
        raise CoverageReadError(
            artifact,
            f"{changed[0]}{others} changed since it was recorded, so that its lines are others: "
            "play the profile again, or add --ignore-source-changes",
        )


def write_sidecar(artifact: Path, facts: dict[str, Any], umask: int = PRIVATE) -> Path:
    """Write the sidecar of an artifact, whole or not at all, and return its path.

    Raises:
        CoverageWriteError: it could not be written.
    """
    path = sidecar_path(artifact)
    text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    with as_write_error(path):
        # A directory's name need not be UTF-8: JSON's escapes preserve it.
        replace_file(path, [text.encode("utf-8", "backslashreplace")], umask, beside=unfinished_path(artifact))
    return path


def read_sidecar(artifact: Path) -> dict[str, Any]:
    """Return the facts about an artifact.

    Raises:
        CoverageReadError: there is no sidecar, or it is not one.
    """
    path = sidecar_path(artifact)
    try:
        with as_read_error(path):
            facts = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CoverageReadError(path, f"it is not JSON ({error})") from error
    if not isinstance(facts, dict) or facts.get("schema_version") != SCHEMA_VERSION:
        raise CoverageReadError(path, f"it is not a sidecar of schema version {SCHEMA_VERSION}")
    wrong = find_wrong(facts, SIDECAR)
    if wrong:
        raise CoverageReadError(path, f"values in it are not what they should be: {', '.join(wrong)}")
    return facts

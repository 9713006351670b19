"""The sidecar ``<slug>.coverage.json``: what is known about an artifact, and whether it is whole."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import coverage

from profcov.errors import CoverageReadError, CoverageWriteError
from profcov.store.files import PRIVATE, create_private, file_digest
from profcov.store.layout import previous_path, sidecar_path
from profcov.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from profcov.slug import Slug
    from profcov.store.presence import Holder

SCHEMA_VERSION: Final = 1


def describe(
    slug: Slug,
    artifact: Path,
    *,
    generation: int,
    shards: Sequence[Path],
    measured: Iterable[str],
    contexts: Iterable[str],
    settings: dict[str, Any],
    reasons: Sequence[str],
    recorded: Mapping[str, str],
    written: Sequence[float] = (),
    died: Sequence[Holder] = (),
    changed: Mapping[str, list[str]] | None = None,
    jobs: Sequence[str] = (),
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the facts about a freshly combined artifact, as ``docs/reference/sidecar.schema.json`` has them.

    ``recorded`` has the sha256 of sources by file as they were when they ran; for other files ``sources`` tells what is on
    disk now, or null where nothing is. ``before`` is the sidecar of the artifact that was appended to.
    """
    origins = [shard.name.rsplit(".", 3)[1:3] for shard in shards]
    before = before or {}
    return {
        "schema_version": SCHEMA_VERSION,
        "slug": slug,
        "status": "partial" if reasons else "complete",
        "reasons": list(reasons),
        "created": _instant(time.time()),
        "recorded": {"first": _instant(min(written)), "last": _instant(max(written))} if written else None,
        "generation": generation,
        "shards": len(shards) + before.get("shards", 0),
        "hosts": sorted({host for host, _ in origins} | set(before.get("hosts", ()))),
        "pids": sorted({int(pid) for _, pid in origins} | set(before.get("pids", ()))),
        "died": [{"host": each.host, "pid": each.pid, "since": _instant(each.since)} for each in died]
        + list(before.get("died", ())),
        "contexts": sorted(contexts),
        "job_ids": sorted({*jobs, *before.get("job_ids", ())}),
        "versions": {
            "profcov": __version__,
            "coverage": coverage.__version__,
            "python": platform.python_version(),
        },
        "platform": sys.platform,
        "source_root": os.getcwd(),  # noqa: PTH109
        "settings": settings,
        "coverage_types": {"line": True, "branch": bool(settings.get("branch")), "function": True},
        "sha256": file_digest(artifact),
        "sources": {name: recorded.get(name) or file_digest(name) for name in sorted(measured)},
        "changed_sources": {file: list(digests) for file, digests in sorted((changed or {}).items())},
    }


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def check_artifact(artifact: Path) -> None:
    """Refuse an artifact whose bytes are not those that its sidecar tells of; one without a sidecar passes.

    Raises:
        CoverageReadError: it is another, or damaged.
    """
    if not sidecar_path(artifact).exists():
        return
    expected = read_sidecar(artifact).get("sha256")
    if file_digest(artifact) == expected:
        return
    slug = artifact.name.removesuffix(".coverage")
    hint = f"; `profcov combine --restore-previous {slug}` brings {slug}.coverage.previous back"
    raise CoverageReadError(
        artifact,
        "its checksum is not the one in its sidecar: it was changed or damaged after it was made"
        + (hint if previous_path(artifact).is_file() else ""),
    )


def list_changed_sources(artifact: Path) -> list[str]:
    """Return the measured files whose source on disk is another than the one that ran; none without a sidecar.

    Files that are not there do not count: coverage.py has its own say about those.
    """
    if not sidecar_path(artifact).exists():
        return []
    sources: dict[str, str | None] = read_sidecar(artifact).get("sources", {})
    return [file for file, digest in sources.items() if digest and file_digest(file) not in {None, digest}]


def write_sidecar(artifact: Path, facts: dict[str, Any], umask: int = PRIVATE) -> Path:
    """Write the sidecar of an artifact, whole or not at all, and return its path.

    Raises:
        CoverageWriteError: it could not be written.
    """
    path = sidecar_path(artifact)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        with open(create_private(unfinished, umask), "w", encoding="utf-8") as file:  # noqa: PTH123 (a descriptor)
            file.write(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise CoverageWriteError(path, error.strerror or str(error)) from error
    return path


def read_sidecar(artifact: Path) -> dict[str, Any]:
    """Return the facts about an artifact.

    Raises:
        CoverageReadError: there is no sidecar, or it is not one.
    """
    path = sidecar_path(artifact)
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CoverageReadError(path, error.strerror or str(error)) from error
    except ValueError as error:
        raise CoverageReadError(path, f"it is not JSON ({error})") from error
    if not isinstance(facts, dict) or facts.get("schema_version") != SCHEMA_VERSION:
        raise CoverageReadError(path, f"it is not a sidecar of schema version {SCHEMA_VERSION}")
    return facts

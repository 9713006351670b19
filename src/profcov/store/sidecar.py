"""The sidecar ``<slug>.coverage.json``: what is known about an artifact, and whether it is whole."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import coverage

from profcov.errors import CoverageReadError, CoverageWriteError
from profcov.store.files import PRIVATE, create_private
from profcov.store.layout import sidecar_path
from profcov.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from profcov.slug import Slug

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
) -> dict[str, Any]:
    """Return the facts about a freshly combined artifact.

    ``hosts`` and ``pids`` say who recorded; ``sources`` has the sha256 of each measured file as it is on disk now,
    or null where it is not there; ``status`` is ``complete``, or ``partial`` with its ``reasons``.
    """
    origins = [shard.name.rsplit(".", 3)[1:3] for shard in shards]
    return {
        "schema_version": SCHEMA_VERSION,
        "slug": slug,
        "status": "partial" if reasons else "complete",
        "reasons": list(reasons),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "generation": generation,
        "shards": len(shards),
        "hosts": sorted({host for host, _ in origins}),
        "pids": sorted({int(pid) for _, pid in origins}),
        "contexts": sorted(contexts),
        "versions": {
            "profcov": __version__,
            "coverage": coverage.__version__,
            "python": platform.python_version(),
        },
        "platform": sys.platform,
        "source_root": os.getcwd(),  # noqa: PTH109
        "settings": settings,
        "sha256": file_digest(artifact),
        "sources": {name: file_digest(name) for name in sorted(measured)},
    }


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


def file_digest(path: str | Path) -> str | None:
    """Return the sha256 of a file in hexadecimal, or None if it cannot be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None

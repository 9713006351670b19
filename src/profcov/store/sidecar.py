"""The sidecar ``<slug>.profile.json``: the facts about an artifact, and whether it is complete."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import CoverageReadError, as_read_error, as_write_error
from profcov.store.facts import SIDECAR, find_wrong
from profcov.store.files import PRIVATE, file_digest, replace_file
from profcov.store.layout import previous_path, sidecar_path, unfinished_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


SCHEMA_VERSION: Final = 1


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

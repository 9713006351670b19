"""Artifacts of an earlier run: whether one is whole and up to date, so that its profile need not be played again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from profcov.errors import CoverageError
from profcov.playback.recorded.hints import find_hints
from profcov.store.layout import artifact_path, list_shards, lock_path
from profcov.store.lock import read_generation
from profcov.store.read import read_lines
from profcov.store.sidecar import check_artifact, list_changed_sources, read_sidecar

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.playback.scenario.model import Profile
    from profcov.slug import Slug


@dataclass(frozen=True, slots=True)
class Existing:
    """An artifact that was there already, and where it is."""

    path: Path


def find_existing(profile: Profile, data_dir: Path, out: Path | None) -> Existing | None:
    """Return the artifact of a profile's last play, or None if the profile is to be played.

    It must be complete and undamaged, of the sources as they are now, no older than the profile's own files, and nothing
    may have been begun or recorded for the slug since: a play that was killed has raised the generation.
    """
    path = artifact_path(out or data_dir, profile.slug)
    try:
        facts = read_sidecar(path)
        check_artifact(path)
        is_whole = facts.get("status") == "complete" and facts.get("slug") == profile.slug
        if not is_whole or list_changed_sources(path) or _is_newer(profile, path):
            return None
        if _was_begun_since(data_dir, profile.slug, facts.get("generation")):
            return None
        read_lines(path)
        return Existing(path)
    except (CoverageError, OSError):
        return None


def _is_newer(profile: Profile, artifact: Path) -> bool:
    """Return whether the profile, or a file that it uploads, was changed after the artifact was made."""
    uploads = (upload for step in profile.steps for upload in step.request.uploads())
    files = [profile.path, *(upload.path for upload in uploads if upload.path is not None)]
    if (hints := find_hints(profile.path)).is_file():
        files.append(hints)
    return max(file.stat().st_mtime_ns for file in files) > artifact.stat().st_mtime_ns


def _was_begun_since(data_dir: Path, slug: Slug, generation: object) -> bool:
    """Return whether the slug has a newer generation, or shards that are in no artifact.

    Without a lock file there is no newer one: the data directory is another, or was cleaned.
    """
    try:
        with lock_path(data_dir, slug).open("rb") as lock:
            now: object = read_generation(lock.fileno())
    except FileNotFoundError:
        now = generation
    return now != generation or bool(list_shards(data_dir, slug))

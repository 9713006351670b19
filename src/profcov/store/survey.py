"""What a data directory holds: for people, and for cleaning."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from profcov.errors import CoverageReadError
from profcov.store.holders import Holder, list_holders, list_notes
from profcov.store.layout import (
    Contents,
    artifact_path,
    list_locked,
    list_quarantined,
    previous_path,
    read_contents,
    shards_dir,
    sidecar_path,
)
from profcov.store.playing import list_players
from profcov.store.sidecar import read_sidecar
from profcov.store.unmeasured import MAX_LOOKED_AT, find_unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from profcov.slug import Slug


@dataclass(slots=True)
class Held:
    """What a data directory holds of one slug; sizes in bytes, times in seconds since 1970.

    ``artifact_bytes`` is the size of the artifact, its sidecar, the previous ones, and quarantine. ``status`` is the artifact's:
    complete, partial, or unknown without a sidecar; None without an artifact.
    """

    slug: Slug
    shards: list[Path]
    shard_bytes: int
    artifact: Path | None
    artifact_bytes: int
    newest: float
    status: str | None = None
    reasons: list[str] = field(default_factory=list)
    holders: list[Holder] = field(default_factory=list)
    player: str | None = None
    """Who plays it: user, command, process, host and since when."""
    missing: list[str] = field(default_factory=list)
    """Why an artifact that is made now would be partial, as far as processes have noted it."""
    unmeasured: str | None = None
    """The sentence about shards without a single line, if that was checked."""

    @property
    def is_pending(self) -> bool:
        """Whether it has anything that is in no artifact."""
        return bool(self.shards or self.missing or any(not each.is_alive for each in self.holders))

    def as_dict(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return {
            "profile": self.slug,
            "shards": len(self.shards),
            "size": self.shard_bytes + self.artifact_bytes,
            "shard_bytes": self.shard_bytes,
            "artifact": None if self.artifact is None else str(self.artifact),
            "artifact_bytes": self.artifact_bytes,
            "status": self.status,
            "reasons": self.reasons,
            "newest": self.newest,
            "holders": [
                {"host": each.host, "pid": each.pid, "since": each.since, "is_alive": each.is_alive}
                for each in self.holders
            ],
            "player": self.player,
            "missing": self.missing,
            "unmeasured": self.unmeasured,
        }


def survey(data_dir: Path, *, looks_for_lines: bool = False) -> list[Held]:
    """Return what a directory holds of each slug, sorted by slug; change nothing, and hold no lock for long.

    Check the shards for lines only if the caller asks for it.
    """
    contents = _read(data_dir)
    holders: dict[Slug, list[Holder]] = {}
    for holder in list_holders(data_dir):
        holders.setdefault(holder.slug, []).append(holder)
    quarantined, players = list_quarantined(data_dir), list_players(data_dir)
    missing: dict[Slug, set[str]] = {}
    for note in list_notes(data_dir):
        if note.missing is not None:
            missing.setdefault(note.slug, set()).add(note.missing)
    found: list[Held] = []
    for slug in sorted({*contents.shards, *contents.artifacts, *holders, *missing, *quarantined, *players}):
        shards = [shards_dir(data_dir) / name for name in contents.shards.get(slug, ())]
        held = _measure(data_dir, slug, shards, quarantined.get(slug, []))
        held.holders, held.player = holders.get(slug, []), players.get(slug)
        held.missing = sorted(missing.get(slug, ()))
        if looks_for_lines and len(found) < MAX_LOOKED_AT:
            held.unmeasured = find_unmeasured(held.shards)
        found.append(held)
    return found


def list_pending(data_dir: Path) -> list[Slug]:
    """Return the slugs with something to combine, sorted: shards, or a note that something is missing; nothing without a directory.

    Raises:
        OSError: the directory cannot be read.
    """
    noted = {note.slug for note in list_notes(data_dir) if note.missing is not None}
    return sorted({*_read(data_dir).shards, *noted})


def list_at_work(data_dir: Path) -> list[Slug]:
    """Return the slugs with something to wait for or to combine, sorted; nothing without a directory.

    Raises:
        OSError: the directory cannot be read.
    """
    return sorted({*list_pending(data_dir), *(note.slug for note in list_notes(data_dir) if note.is_awaited)})


def list_known(data_dir: Path) -> list[Slug]:
    """Return all known slugs, sorted: some may have no more than a lock file.

    Raises:
        OSError: the directory cannot be read.
    """
    contents = _read(data_dir)
    return sorted({*contents.shards, *contents.artifacts, *list_locked(data_dir), *list_at_work(data_dir)})


def _read(data_dir: Path) -> Contents:
    try:
        return read_contents(data_dir)
    except FileNotFoundError:
        return Contents({}, [])


def _measure(data_dir: Path, slug: Slug, shards: list[Path], quarantined: list[Path]) -> Held:
    artifact = artifact_path(data_dir, slug)
    kept = [
        *quarantined,
        artifact,
        sidecar_path(artifact),
        previous_path(artifact),
        sidecar_path(previous_path(artifact)),
    ]
    shard_bytes, newest = _weigh(shards)
    artifact_bytes, made = _weigh(kept)
    held = Held(slug, shards, shard_bytes, None, artifact_bytes, max(newest, made))
    if artifact.is_file():
        held.artifact = artifact
        try:
            facts = read_sidecar(artifact)
            held.status, held.reasons = str(facts.get("status")), [str(each) for each in facts.get("reasons", ())]
        except CoverageReadError:
            held.status = "unknown"
    return held


def _weigh(paths: Iterable[Path]) -> tuple[int, float]:
    """Return the size of files, and when the newest was written; ignore missing ones."""
    size, newest = 0, 0.0
    for path in paths:
        try:
            facts = os.lstat(path)
        except OSError:
            continue
        size += facts.st_size
        newest = max(newest, facts.st_mtime)
    return size, newest

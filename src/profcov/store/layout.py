"""The data directory: which file belongs to which slug, by name alone.

Artifacts and their sidecars lie in the directory itself, everything else below ``state/``: coverage.py 7.14 and newer merges
every ``<data file>.*`` into the data file that it reports on, and removes it; its ``combine`` takes every ``.coverage*``. So no
name of ours is like that in a directory where users run these commands.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from profcov.errors import InvalidSlugError
from profcov.slug import Slug, parse_slug

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The host is reduced to [A-Za-z0-9_-], so that the dots split a shard's name in one way only.
_SHARD = r"[A-Za-z0-9_-]{1,64}\.[0-9]{1,10}\.[0-9]{1,20}"
_SHARD_TAIL = re.compile(_SHARD, re.ASCII)
STATE: Final = "state"
_GENERATION_CHARS = 20
_NOT_HOST = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)


def host_name() -> str:
    """Return this machine's name as it is in the names of shards."""
    return _NOT_HOST.sub("-", socket.gethostname())[:64] or "localhost"


def artifact_path(data_dir: Path, slug: Slug) -> Path:
    """Return where the combined data of a slug is."""
    return data_dir / f"{slug}.coverage"


def sidecar_path(artifact: Path) -> Path:
    """Return where the facts about an artifact are."""
    return artifact.with_name(artifact.name.removesuffix(".coverage") + ".profile.json")


def state_dir(data_dir: Path) -> Path:
    """Return where profcov's private files are; also for a directory that has artifacts only."""
    return data_dir / STATE


def shards_dir(data_dir: Path) -> Path:
    """Return where the shards are."""
    return data_dir / STATE / "shards"


def quarantine_dir(data_dir: Path) -> Path:
    """Return where unreadable files are moved."""
    return data_dir / STATE / "quarantine"


def previous_path(artifact: Path) -> Path:
    """Return where the previous artifact is kept."""
    return artifact.parent / STATE / "previous" / artifact.name


def unfinished_path(artifact: Path) -> Path:
    """Return a temporary name for a new artifact or sidecar: on the same file system."""
    return artifact.with_name(f".unfinished.{artifact.name.removesuffix('.coverage')}.{os.getpid()}")


def lock_path(data_dir: Path, slug: Slug) -> Path:
    """Return the lock file of a slug, which also holds its generation."""
    return data_dir / STATE / f"{slug}.lock"


def list_locked(data_dir: Path) -> Iterator[Slug]:
    """Yield the slugs that have a lock file: any recording makes it."""
    for name in _list(state_dir(data_dir)):
        if name.endswith(".lock"):
            with contextlib.suppress(InvalidSlugError):
                yield parse_slug(name.removesuffix(".lock"))


def count_slugs(data_dir: Path, limit: int) -> int:
    """Return how many slugs of a directory were not combined since their last recording.

    Each has a lock file, whose generation is 0 until then. Below the ``limit`` the files are not read.

    Raises:
        OSError: it cannot be read.
    """
    state = state_dir(data_dir)
    locks = [name for name in os.listdir(state) if name.endswith(".lock")]  # noqa: PTH208
    if len(locks) < limit:
        return len(locks)
    shards = read_contents(data_dir).shards
    return sum(name.removesuffix(".lock") in shards or _is_new(state / name) for name in locks)


def _is_new(lock: Path) -> bool:
    """Return whether nothing of a lock file's slug was ever combined or dropped."""
    try:
        fd = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return not isinstance(error, FileNotFoundError)  # cleaned meanwhile
    try:
        return not os.read(fd, _GENERATION_CHARS).strip(b"0\n")
    finally:
        os.close(fd)


def new_shard_name(slug: Slug) -> str:
    """Return a name for a new shard of this process.

    The number at the end is random, not counted: process ids come back, in containers at once.
    """
    return f"{slug}.coverage.{host_name()}.{os.getpid()}.{secrets.randbelow(10**15)}"


def list_half_written(data_dir: Path, slug: Slug) -> list[Path]:
    """Return files of a slug that are being written, or that a killed process left, with SQLite's files beside them."""
    name, beside = re.escape(slug), "([.-][a-z]+){0,2}"
    places = {
        data_dir: re.compile(rf"\.unfinished\.{name}\.[0-9]+{beside}", re.ASCII),
        shards_dir(data_dir): re.compile(rf"{name}\.coverage\.{_SHARD}\.unfinished{beside}", re.ASCII),
    }
    return [place / each for place, own in places.items() for each in _list(place) if own.fullmatch(each)]


def _list(directory: Path) -> list[str]:
    """Return the names in a directory, which may hold 100,000, without a Path for each; nothing if it does not exist."""
    try:
        return os.listdir(directory)  # noqa: PTH208
    except FileNotFoundError:
        return []


def list_shards(data_dir: Path, slug: Slug) -> list[Path]:
    """Return the shards of one slug, sorted by name; never a sidecar, a lock or another slug's file."""
    prefix, place = f"{slug}.coverage.", shards_dir(data_dir)
    own = (name for name in _list(place) if name.startswith(prefix) and _SHARD_TAIL.fullmatch(name[len(prefix) :]))
    return [place / name for name in sorted(own)]


def list_quarantined(data_dir: Path) -> dict[Slug, list[Path]]:
    """Return what is in quarantine, shards and artifacts with the files beside them, by slug."""
    place = quarantine_dir(data_dir)
    names = _list(place)
    found: dict[Slug, list[Path]] = {}
    for slug, name in _split(names, rf"(\.{_SHARD}(\.reason)?)?"):
        found.setdefault(slug, []).append(place / name)
    for slug, paths in found.items():
        paths.extend(path for path in [sidecar_path(place / f"{slug}.coverage")] if path.name in names)
    return found


def list_slugs(data_dir: Path) -> list[Slug]:
    """Return every slug with a shard or an artifact in the directory, sorted; nothing if it does not exist."""
    try:
        contents = read_contents(data_dir)
    except FileNotFoundError:
        return []
    return sorted({*contents.shards, *contents.artifacts})


@dataclass(frozen=True, slots=True)
class Contents:
    """The names in a data directory: shards by slug, and the slugs that have an artifact; both sorted."""

    shards: dict[Slug, list[str]]
    artifacts: list[Slug]


def read_contents(data_dir: Path) -> Contents:
    """Sort out the names in a data directory, in one pass: it may hold 100,000.

    Raises:
        OSError: it cannot be read.
    """
    artifacts = [slug for slug, _ in _split(os.listdir(data_dir), "")]  # noqa: PTH208
    shards = groupby(_split(_list(shards_dir(data_dir)), rf"\.{_SHARD}"), itemgetter(0))
    return Contents({slug: [name for _, name in names] for slug, names in shards}, artifacts)


def _split(names: list[str], tail: str) -> Iterator[tuple[Slug, str]]:
    """Yield the names ``<slug>.coverage<tail>``, and each one's slug first; sorted."""
    ending = re.compile(tail, re.ASCII)
    for name in sorted(names):
        head, dot, rest = name.partition(".coverage")
        if dot and ending.fullmatch(rest):
            with contextlib.suppress(InvalidSlugError):
                yield parse_slug(head), name


def find_old(data_dir: Path) -> str | None:
    """Return the name of a file from before there was ``state/``: a shard or sidecar beside the artifacts; None if there is none."""
    try:
        old = _split(os.listdir(data_dir), rf"\.{_SHARD}|\.json")  # noqa: PTH208
    except OSError:  # the reader of its content reports it
        return None
    return next((name for _, name in old), None)

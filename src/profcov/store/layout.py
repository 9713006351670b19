"""The data directory: which file belongs to which slug, by name alone."""

from __future__ import annotations

import os
import re
import secrets
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from profcov.errors import InvalidSlugError
from profcov.slug import Slug, parse_slug

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# The host is reduced to [A-Za-z0-9_-], so that the dots split a shard's name in one way only.
_SHARD_TAIL = re.compile(r"[A-Za-z0-9_-]{1,64}\.[0-9]{1,10}\.[0-9]{1,20}", re.ASCII)
_GENERATION_CHARS = 20
_NOT_HOST = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)


def host_name() -> str:
    """Return this machine's name as it stands in the names of shards."""
    return _NOT_HOST.sub("-", socket.gethostname())[:64] or "localhost"


def artifact_path(data_dir: Path, slug: Slug) -> Path:
    """Return where the combined data of a slug is."""
    return data_dir / f"{slug}.coverage"


def sidecar_path(artifact: Path) -> Path:
    """Return where the facts about an artifact are."""
    return artifact.with_name(artifact.name + ".json")


def previous_path(artifact: Path) -> Path:
    """Return where the artifact before this one is kept."""
    # In a directory of its own: coverage.py 7.14 and newer merges whatever is called `<data file>.*` into the data file
    # that it reports on, and removes it.
    return artifact.parent / "previous" / artifact.name


def lock_path(data_dir: Path, slug: Slug) -> Path:
    """Return the lock file of a slug, which also holds its generation."""
    return data_dir / f"{slug}.lock"


def count_slugs(data_dir: Path, limit: int) -> int:
    """Return how many slugs a directory holds that were not combined since they were recorded last.

    Each leaves a lock file, whose generation is 0 until then. Below the ``limit`` the files are not looked into.

    Raises:
        OSError: it cannot be read.
    """
    locks = [name for name in os.listdir(data_dir) if name.endswith(".lock")]  # noqa: PTH208
    if len(locks) < limit:
        return len(locks)
    shards = read_contents(data_dir).shards
    return sum(name.removesuffix(".lock") in shards or _is_new(data_dir / name) for name in locks)


def _is_new(lock: Path) -> bool:
    """Tell whether nothing of a lock file's slug was ever combined or dropped."""
    try:
        fd = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return not isinstance(error, FileNotFoundError)  # cleaned meanwhile
    try:
        return not os.read(fd, _GENERATION_CHARS).strip(b"0\n")
    finally:
        os.close(fd)


def new_shard_path(data_dir: Path, slug: Slug) -> Path:
    """Return a name for a new shard of this process, in the data directory."""
    return data_dir / new_shard_name(slug)


def new_shard_name(slug: Slug) -> str:
    """Return a name for a new shard of this process.

    The number at the end is random, not counted: process ids come back, in containers at once.
    """
    return f"{slug}.coverage.{host_name()}.{os.getpid()}.{secrets.randbelow(10**15)}"


def select_unfinished(names: Iterable[str], slug: Slug) -> list[str]:
    """Return the names of files of a slug that are being written, or that a killed process has left, and what SQLite puts beside."""
    own = re.compile(rf"\.{re.escape(slug)}\.(coverage\..+|dropping\.[0-9]+)\.unfinished([.-][a-z]+){{0,2}}", re.ASCII)
    return [name for name in names if own.fullmatch(name)]


def list_shards(data_dir: Path, slug: Slug) -> list[Path]:
    """Return the shards of one slug, sorted by name; never a sidecar, a lock or another slug's file."""
    prefix = f"{slug}.coverage."
    try:
        names = os.listdir(data_dir)  # noqa: PTH208 (a directory may hold 100,000 names: no Path for each)
    except FileNotFoundError:
        return []
    own = (name for name in names if name.startswith(prefix) and _SHARD_TAIL.fullmatch(name[len(prefix) :]))
    return [data_dir / name for name in sorted(own)]


def list_slugs(data_dir: Path) -> list[Slug]:
    """Return every slug with a shard or an artifact in the directory, sorted; none if it is not there."""
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
    contents = Contents({}, [])
    for name in sorted(os.listdir(data_dir)):  # noqa: PTH208
        head, dot, tail = name.partition(".coverage")
        if not dot or (tail and not (tail[0] == "." and _SHARD_TAIL.fullmatch(tail[1:]))):
            continue
        try:
            slug = parse_slug(head)
        except InvalidSlugError:
            continue
        if tail:
            contents.shards.setdefault(slug, []).append(name)
        else:
            contents.artifacts.append(slug)
    return contents

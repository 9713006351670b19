"""From shards to an artifact: under the exclusive lock, so that no process has work in flight for the slug."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import coverage
from coverage import CoverageData
from coverage.exceptions import CoverageException

from profcov.errors import CoverageMergeError, CoverageReadError, CoverageWriteError
from profcov.store.files import PRIVATE, create_private, make_directory, make_own_directory
from profcov.store.layout import artifact_path, list_shards, previous_path, sidecar_path
from profcov.store.lock import exclusive, raise_generation
from profcov.store.read import read_lines
from profcov.store.sidecar import describe, write_sidecar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from profcov.slug import Slug

QUARANTINE: Final = "quarantine"
_OPTIONS: Final = ("source", "source_pkgs", "include", "omit", "branch", "relative_files")


@dataclass(frozen=True, slots=True)
class Artifact:
    """What combining gave: where it is, how much is in it, and whether it is whole."""

    slug: Slug
    path: Path
    sidecar: Path
    complete: bool
    reasons: tuple[str, ...]
    lines: int
    files: int
    shards: int


def combine(
    data_dir: Path,
    slug: Slug,
    *,
    config_file: Path | None = None,
    out: Path | None = None,
    timeout: float = 30.0,
    reasons: Sequence[str] = (),
    umask: int = PRIVATE,
) -> Artifact:
    """Merge the shards of a slug into ``<slug>.coverage`` and its sidecar, and drop the shards.

    A shard that coverage.py cannot read is moved to ``quarantine/``, and the artifact is partial. The artifact
    before this one is kept as ``previous/<slug>.coverage``.

    Args:
        data_dir: where the shards are.
        slug: the profile.
        config_file: coverage.py configuration, for ``[paths]`` and ``relative_files``.
        out: directory for the artifact; the data directory if None.
        timeout: seconds to wait for work in flight.
        reasons: codes that the caller knows of for the artifact to be partial.
        umask: which permissions the files and directories that are made shall not have.

    Raises:
        LockTimeoutError: work for the slug was still in flight after the time-out; nothing was changed.
        CoverageMergeError: there is nothing to combine, or coverage.py cannot merge it.
        CoverageWriteError: the artifact cannot be written.
    """
    if not data_dir.is_dir():
        raise CoverageMergeError(slug, f"there is no directory {data_dir}")
    with exclusive(data_dir, slug, timeout, umask) as lock:
        found = list_shards(data_dir, slug)
        if not found:
            raise CoverageMergeError(
                slug, f"no shard of it is in {data_dir}: was it played against a server that records there?"
            )
        shards, bad = _sort_out(found)
        why = tuple(dict.fromkeys([*reasons, *(["shard-unreadable"] if bad else [])]))
        if not shards:
            _quarantine(data_dir, bad, umask)
            raise CoverageMergeError(slug, f"none of its {len(bad)} shards can be read; they are in {QUARANTINE}/")
        artifact = artifact_path(out or data_dir, slug)
        with _beside(artifact, umask) as merged:
            options = _merge(slug, shards, config_file, merged)
            counts = _count(merged)
            generation = raise_generation(lock)
            _publish(merged, artifact, umask)
        facts = describe(
            slug, artifact, generation=generation, shards=shards, settings=options, reasons=why, **counts.described
        )
        write_sidecar(artifact, facts, umask)
        _quarantine(data_dir, bad, umask)
        _drop(shards)
    return Artifact(slug, artifact, sidecar_path(artifact), not why, why, counts.lines, counts.files, len(shards))


def discard(data_dir: Path, slug: Slug, *, timeout: float = 30.0, umask: int = PRIVATE) -> int:
    """Drop the shards of a slug, raise its generation, and return how many there were.

    Raises:
        LockTimeoutError: work for the slug was still in flight after the time-out; nothing was changed.
        CoverageWriteError: the lock file cannot be made.
    """
    with exclusive(data_dir, slug, timeout, umask) as lock:
        shards = list_shards(data_dir, slug)
        raise_generation(lock)
        _drop(shards)
    return len(shards)


@dataclass(frozen=True, slots=True)
class _Counts:
    lines: int
    files: int
    described: dict[str, Any]


def _count(path: Path) -> _Counts:
    data = CoverageData(basename=str(path))
    data.read()
    measured = data.measured_files()
    lines = sum(len(data.lines(name) or ()) for name in measured)
    return _Counts(lines, len(measured), {"measured": measured, "contexts": data.measured_contexts()})


def _sort_out(shards: Sequence[Path]) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Return the shards that coverage.py reads, and the others with the reason."""
    good: list[Path] = []
    bad: list[tuple[Path, str]] = []
    for shard in shards:
        if shard.is_symlink():
            bad.append((shard, "a symbolic link, which profcov does not follow"))
            continue
        try:
            read_lines(shard)
            good.append(shard)
        except CoverageReadError as error:
            bad.append((shard, str(error)))
    return good, bad


@contextlib.contextmanager
def _beside(artifact: Path, umask: int) -> Iterator[Path]:
    """Yield the name of a file to be moved to the artifact's place; remove it if it was not.

    Raises:
        CoverageWriteError: the system does not let us write there.
    """
    merged = artifact.with_name(f".{artifact.name}.{os.getpid()}.unfinished")
    try:
        make_directory(artifact.parent, umask)
        merged.unlink(missing_ok=True)
        try:
            yield merged
        finally:
            merged.unlink(missing_ok=True)
    except OSError as error:
        raise CoverageWriteError(artifact, error.strerror or str(error)) from error


def _merge(slug: Slug, shards: Sequence[Path], config_file: Path | None, merged: Path) -> dict[str, Any]:
    """Merge shards into a new file; return the options it was made with."""
    try:
        tool = coverage.Coverage(
            data_file=str(merged), config_file=str(config_file) if config_file else True, messages=False
        )
        tool.set_option("run:parallel", value=False)
        tool.combine(data_paths=[str(shard) for shard in shards], strict=True, keep=True)
        tool.save()
    except CoverageException as error:
        raise CoverageMergeError(slug, str(error)) from error
    options = {name: tool.get_option(f"run:{name}") for name in _OPTIONS}
    return {"config_file": str(config_file) if config_file else None, **options}


def _publish(merged: Path, artifact: Path, umask: int) -> None:
    """Put a merged file in the artifact's place, and keep the one before; at every moment there is one."""
    merged.chmod(0o666 & ~umask)
    if artifact.is_file() and not artifact.is_symlink():
        previous = previous_path(artifact)
        make_own_directory(previous.parent, umask)
        previous.unlink(missing_ok=True)
        try:
            previous.hardlink_to(artifact)
        except OSError:  # a file system without hard links
            artifact.replace(previous)
    merged.replace(artifact)


def _quarantine(data_dir: Path, bad: Sequence[tuple[Path, str]], umask: int) -> None:
    for shard, reason in bad:
        with contextlib.suppress(OSError):
            target = data_dir / QUARANTINE
            make_own_directory(target, umask)
            shard.replace(target / shard.name)
            with open(create_private(target / f"{shard.name}.reason", umask), "w", encoding="utf-8") as file:  # noqa: PTH123
                file.write(reason + "\n")


def _drop(shards: Sequence[Path]) -> None:
    for shard in shards:
        with contextlib.suppress(FileNotFoundError):
            shard.unlink()

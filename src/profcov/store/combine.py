"""From shards to an artifact: under the exclusive lock, so that no process has work in flight for the slug."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coverage.exceptions import CoverageException

from profcov.configuration import (
    Configuration,
    choose_settings,
    complete_settings,
    list_settings,
)
from profcov.errors import CoverageMergeError, NothingMeasuredError, as_write_error
from profcov.reasons import (
    PLAYBACK_FAILED,
)
from profcov.store.consume import consume, finish
from profcov.store.content import Content
from profcov.store.files import make_directory, replacing
from profcov.store.holders import list_failed, list_notes
from profcov.store.impossible_lines import leave_out_impossible
from profcov.store.layout import (
    artifact_path,
    list_shards,
    quarantine_dir,
    sidecar_path,
    unfinished_path,
)
from profcov.store.making import Making
from profcov.store.merge import read_shards
from profcov.store.naming import ask_coverage
from profcov.store.playing import consuming, is_broken_off
from profcov.store.previous import keep_before, read_before
from profcov.store.sidecar import write_sidecar
from profcov.store.unmeasured import tell_unmeasured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from profcov.slug import Slug
    from profcov.store.directory import DataDirectory
    from profcov.store.lock import Exclusive
    from profcov.store.merge import Gathered
    from profcov.store.playing import Play


@dataclass(frozen=True, slots=True)
class Artifact:
    """The result of combining: where it is, how much is in it, and whether it is complete.

    ``changed`` has the files of which there was more than one version: the sha256 of the one whose lines are in it, then of
    the others. ``impossible`` has the lines that were left out because their file ends before them.
    """

    slug: Slug
    path: Path
    sidecar: Path
    complete: bool
    reasons: tuple[str, ...]
    files: int
    shards: int
    changed: dict[str, list[str]]
    impossible: dict[str, list[int]]
    jobs: Sequence[Mapping[str, Any]] = ()


def combine(
    directory: DataDirectory,
    slug: Slug,
    *,
    config_file: Path | None = None,
    out: Path | None = None,
    timeout: float = 30.0,
    reasons: Sequence[str] = (),
    jobs: Mapping[str, str | None] | None = None,
    append: bool = False,
    keep: bool = False,
    play: Play | None = None,
) -> Artifact:
    """Merge the shards of a slug into ``<slug>.coverage`` and its sidecar, and drop the shards.

    A shard that cannot be read is moved to ``state/quarantine/`` (unless all are to stay), and the artifact is partial; so it is
    if a process died with units in flight or could not write what it ran, if a play was interrupted, if a job has not
    ended or was not measured, or if sources changed between shards: then only the lines of one version are in it. Lines beyond the end of their file are left out, and
    make it partial. The artifact before this one is kept as ``state/previous/<slug>.coverage``.

    Args:
        directory: where the shards are.
        slug: the profile.
        config_file: coverage.py configuration, for ``[paths]`` and ``relative_files``; if None that which the shards were
            measured with, or what coverage.py finds by itself if they do not have it.
        out: directory for the artifact; the data directory if None.
        timeout: seconds to wait for work in flight.
        reasons: codes that the caller knows for the artifact to be partial.
        jobs: the profile's jobs according to RQ, with their status there, for the sidecar.
        append: whether to keep what is in the previous artifact.
        keep: whether the shards stay, to be combined again with newer ones.
        play: the caller's own, which has recorded them: no other play may be in progress.

    Raises:
        LockTimeoutError: work for the slug was still in flight after the time-out; nothing was changed.
        SlugPlayedError: the slug is played; nothing was changed.
        CoverageMergeError: there is nothing to combine, without a note why; or it cannot be merged.
        CoverageReadError: the artifact to append to is damaged.
        CoverageWriteError: the artifact cannot be written.
    """
    data_dir, into = directory.path, directory.at(out)
    if not data_dir.is_dir():
        raise CoverageMergeError(slug, f"there is no directory {data_dir}")
    check_recorded(data_dir, slug)  # before a lock is made for it, perhaps by another user than the server's
    artifact = artifact_path(into.path, slug)
    with as_write_error(artifact, sqlite3.Error), consuming(directory, slug, timeout, play) as lock:
        given = [*reasons, *([PLAYBACK_FAILED] if is_broken_off(lock, play) else [])]
        finish(lock)
        gathered = _gather(lock)
        before = read_before(artifact) if append else Content()
        make_directory(into.path, into.umask)
        with replacing(artifact, beside=unfinished_path(artifact)) as merged:
            measured, others = choose_settings(list_settings([before.facts]) + gathered.settings)
            configuration = Configuration(config_file, None if config_file else measured)
            names, own = ask_coverage(slug, gathered.names, configuration, merged)
            gathered.rename(names)
            content, changed = gathered.merge(before)
            making = Making(
                slug=slug,
                gathered=gathered,
                content=content,
                before=before.facts,
                given=given,
                from_rq=jobs or {},
                failed=list_failed(data_dir, slug),
                changed=changed,
                impossible=leave_out_impossible(content, gathered.sources),
                settings=complete_settings(measured or own),
                other_settings=others,
            )
            if not making.has_notes:
                _refuse_nothing(slug, content, measured, gathered)
            _write(slug, content, merged)
            merged.chmod(0o666 & ~into.umask)
            keep_before(into, artifact)
        facts = making.describe(artifact, generation=lock.generation + (not keep), keep=keep)
        write_sidecar(artifact, facts, into.umask)
        if not keep:
            consume(lock, gathered.shards, making.failed)
            _quarantine(lock, gathered.unreadable)
    return _sum_up(artifact, making)


def _sum_up(artifact: Path, making: Making) -> Artifact:
    kept = making.gathered.sources
    return Artifact(
        slug=making.slug,
        path=artifact,
        sidecar=sidecar_path(artifact),
        complete=not making.reasons,
        reasons=making.reasons,
        files=len(making.content.files),
        shards=len(making.gathered.shards),
        changed={
            file: [kept[file], *(each for each in versions if each != kept[file])]
            for file, versions in making.changed.items()
        },
        impossible=dict(making.impossible),
        jobs=making.jobs,
    )


def check_recorded(data_dir: Path, slug: Slug) -> None:
    """Refuse a slug that has nothing to combine, nor will have soon.

    Raises:
        CoverageMergeError: it has nothing.
    """
    if not list_shards(data_dir, slug) and not any(note.slug == slug for note in list_notes(data_dir)):
        raise CoverageMergeError(
            slug, f"no shard of it is in {data_dir}: was it played against a server that records there?"
        )


def _gather(lock: Exclusive) -> Gathered:
    """Read the shards of a slug.

    Raises:
        CoverageMergeError: there is none that can be read.
    """
    check_recorded(lock.data_dir, lock.slug)
    found = list_shards(lock.data_dir, lock.slug)
    gathered = read_shards(found)
    if found and not gathered.shards:
        lock.raise_generation()  # or processes would not write their lines again
        _quarantine(lock, gathered.unreadable)
        raise CoverageMergeError(
            lock.slug, f"none of its {len(found)} shards can be read; they are in {quarantine_dir(lock.data_dir)}"
        )
    return gathered


def _refuse_nothing(slug: Slug, content: Content, measured: Mapping[str, Any] | None, gathered: Gathered) -> None:
    """Refuse shards without a line: a unit of work has ended, and ran no measured code.

    Raises:
        NothingMeasuredError: there is no line in what was merged.
    """
    if not content.lines and not content.arcs:
        raise NothingMeasuredError(slug, tell_unmeasured(measured, gathered))


def _write(slug: Slug, content: Content, merged: Path) -> None:
    """Write what was merged as coverage.py's file.

    Raises:
        CoverageMergeError: lines and branches cannot be in one file.
    """
    if content.lines and content.arcs:
        raise CoverageMergeError(slug, "some of its shards have branches, and some have lines only")
    try:
        content.write(merged)
    except CoverageException as error:
        raise CoverageMergeError(slug, str(error)) from error


def _quarantine(lock: Exclusive, bad: Sequence[tuple[Path, str]]) -> None:
    for shard, reason in bad:
        with contextlib.suppress(OSError):
            target = quarantine_dir(lock.data_dir)
            lock.directory.make_state(target.name)
            shard.replace(target / shard.name)
            with open(lock.directory.create(target / f"{shard.name}.reason"), "w", encoding="utf-8") as file:  # noqa: PTH123
                file.write(reason + "\n")

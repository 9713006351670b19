"""Checks of the data directory: whether shards and locks work there, by trying, and what lies in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from profcov.doctor.finding import Finding
from profcov.doctor.owners import check_owners
from profcov.errors import CoverageError, explain
from profcov.slug import Slug
from profcov.store.denial import find_denial
from profcov.store.directory import DataDirectory
from profcov.store.flock import name_lockers
from profcov.store.holders import list_notes
from profcov.store.layout import list_shards, list_slugs, lock_path, quarantine_dir, state_dir
from profcov.store.lock import exclusive
from profcov.store.playing import name_player
from profcov.store.read import read_lines
from profcov.store.runs import list_silent
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from collections.abc import Iterator

LITTLE_SPACE: Final = 256 << 20
NO_SPACE: Final = 8 << 20
"""In bytes. A profile's shards are some tens of kilobytes for each process and generation."""

_SLUG: Final = Slug("doctor")
_RAN: Final = {"/doctor.py": {1}}
_TRY_LOCK: Final = """
import fcntl, sys
with open(sys.argv[1], "r+") as file:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        print("free")
    except BlockingIOError:
        print("held")
"""
_CHILD_SECONDS: Final = 60
_MODE: Final = "correct its owner and mode"
_SHOWN: Final = 3


def examine_directory(data_dir: Path) -> Iterator[Finding]:
    """Check a data directory, or the place where it would be made; leave nothing behind."""
    place = _find_place(data_dir)
    problem = _check_place(data_dir, place)
    yield problem or Finding("ok", "data-dir", f"{data_dir} " + ("exists" if place == data_dir else "can be made"))
    if problem is not None:
        return
    with tempfile.TemporaryDirectory(prefix=".profcov-doctor-", dir=place) as scratch:
        findings = [_try_shard(Path(scratch)), _try_lock(Path(scratch))]
    yield from findings
    yield judge_space(place, shutil.disk_usage(place).free)
    if place == data_dir:
        yield from check_owners(data_dir)
        with contextlib.suppress(PermissionError, CoverageError):  # reported just now
            yield from list(_check_left_overs(data_dir))
        for run in list_silent(data_dir):
            if run.pid == os.getpid():  # this is what it has started
                continue
            yield Finding(
                "warning",
                "runs",
                str(run),
                "see docs/how-to/zero-code.md; profcov combine forgets it when it has ended",
            )


def _find_place(data_dir: Path) -> Path:
    """Return the directory, or the nearest above it that exists."""
    return next((path for path in (data_dir, *data_dir.parents) if os.path.lexists(path)), data_dir)


def _check_place(data_dir: Path, place: Path) -> Finding | None:
    advice = f"name another directory with PROFILE_COVERAGE_DIR, or {_MODE}"
    if not place.is_dir():
        return Finding("problem", "data-dir", f"{data_dir} cannot be made: {place} is not a directory", advice)
    try:
        with tempfile.TemporaryDirectory(prefix=".profcov-doctor-", dir=place):
            return None
    except OSError as error:
        what = f"{place} is not writable: {explain(error)}"
        return Finding("problem", "data-dir", what, str(find_denial(error) or advice))


def _try_shard(scratch: Path) -> Finding:
    try:
        shard = write_shard(DataDirectory(scratch), _SLUG, "profile:doctor", _RAN)
        is_whole = read_lines(shard) == _RAN
    except CoverageError as error:
        return Finding("problem", "shards", str(error), "use a directory on a local file system with free space")
    if not is_whole:
        return Finding("problem", "shards", f"a shard that was written to {scratch.parent} reads back otherwise")
    return Finding("ok", "shards", "a shard was written, renamed and read back")


def _try_lock(scratch: Path) -> Finding:
    """Hold a slug's lock, and let another process try to take it."""
    advice = "use a directory on a file system with flock: a local one, or NFS with its lock service"
    path = lock_path(scratch, _SLUG)
    try:
        with exclusive(DataDirectory(scratch), _SLUG, 0):
            while_held = _ask_child(path)
        after = _ask_child(path)
    except (OSError, CoverageError, subprocess.SubprocessError) as error:
        return Finding("problem", "flock", f"flock does not work in {scratch.parent}: {error}", advice)
    if (while_held, after) != ("held", "free"):
        what = f"flock does not work in {scratch.parent}: it does not exclude other processes"
        return Finding("problem", "flock", what, advice)
    return Finding("ok", "flock", "flock works between processes")


def _ask_child(path: Path) -> str:
    command = [sys.executable, "-I", "-S", "-c", _TRY_LOCK, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_CHILD_SECONDS, check=True)
    return done.stdout.strip()


def judge_space(place: Path, free: int) -> Finding:
    """Report whether ``free`` bytes are enough."""
    what = f"{free >> 20} MiB are free in {place}"
    if free >= LITTLE_SPACE:
        return Finding("ok", "space", what)
    return Finding("problem" if free < NO_SPACE else "warning", "space", what, "make room, or use another directory")


def _check_left_overs(data_dir: Path) -> Iterator[Finding]:
    counts = {slug: len(shards) for slug in list_slugs(data_dir) if (shards := list_shards(data_dir, slug))}
    if counts:
        shown = [f"{slug} ({count})" for slug, count in list(counts.items())[:_SHOWN]]
        more = [f"{len(counts) - _SHOWN} more"] if len(counts) > _SHOWN else []
        what = f"shards that are not combined: {', '.join([*shown, *more])}"
        yield Finding("warning", "left-overs", what, "profcov combine, or remove them before you play again")
    else:
        yield Finding("ok", "left-overs", "no shard waits to be combined")
    quarantined = [path for path in quarantine_dir(data_dir).glob("*") if path.suffix != ".reason"]
    if quarantined:
        what = f"shards in {quarantine_dir(data_dir)}, which could not be read: {len(quarantined)}"
        yield Finding("warning", "left-overs", what, "see the .reason beside each, then remove them")
    yield from _check_locks(data_dir)


def _check_locks(data_dir: Path) -> Iterator[Finding]:
    """Report which processes are at work, or combine; take no lock, because that would turn a request away."""
    busy: dict[str, set[str]] = {}
    for each in list_notes(data_dir):
        if each.is_awaited:
            busy.setdefault(each.slug, set()).add(f"process {each.pid}")
    for path in sorted(state_dir(data_dir).glob(lock_path(data_dir, Slug("*")).name)):
        try:
            with path.open("rb") as file:
                busy.setdefault(path.stem, set()).update(name_lockers(file.fileno()))
        except OSError as error:
            what = f"{path} cannot be read: {explain(error)}"
            yield Finding("warning", "locks", what, str(find_denial(error) or _MODE))
    for slug, holders in sorted(busy.items()):
        if (owner := name_player(data_dir, Slug(slug))) is not None:
            what = f"{slug} is being played by {owner}: no other command plays, combines or cleans it meanwhile"
            yield Finding("warning", "locks", what, "wait until that has ended, or stop it")
        if holders:
            what = f"{slug} has work in flight, or is being combined, in {', '.join(sorted(holders))}: profcov combine waits for it"
            yield Finding("warning", "locks", what, "wait until it ends, or end the process")

"""``profcov wait``: wait until no process has work in flight for profiles."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from profcov.cli.arguments import (
    data_dir_option,
    find_directory,
    parse_slugs,
    refuse_unknown,
    slugs_argument,
    timeout_option,
)
from profcov.cli.redis_url import redis_url_option
from profcov.errors import JobsPendingError
from profcov.playback.player.barrier import read_jobs, settle
from profcov.store.layout import list_shards
from profcov.store.lock import exclusive
from profcov.store.survey import list_at_work, list_known
from profcov.store.unmeasured import find_unmeasured

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.slug import Slug


@click.command("wait")
@slugs_argument()
@data_dir_option("The servers' data directory.")
@redis_url_option()
@timeout_option("Seconds to wait for all of them together.")
def command(slugs: tuple[str, ...], data_dir: Path | None, redis_url: str | None, timeout: float) -> int:
    """Wait until no process has work in flight for the SLUGs, or for any; combine nothing.

    With --redis-url it also waits until no RQ job that they started is left to run. When the time is up it names the
    processes or jobs that it waited for.
    """
    directory = find_directory(data_dir, must_exist=True)
    until = time.monotonic() + timeout
    known = list_known(directory.path)
    named = parse_slugs(slugs)
    refuse_unknown(directory.path, named, known)
    for slug in named or _list_pending(directory.path, redis_url, known):
        if redis_url is not None:
            _, pending = settle(redis_url, directory, slug, max(0.0, until - time.monotonic()))
            if pending:
                raise JobsPendingError(slug, timeout, pending)
        with exclusive(directory, slug, max(0.0, until - time.monotonic())):
            unmeasured = find_unmeasured(list_shards(directory.path, slug))
        if unmeasured is not None:
            click.echo(f"profcov: {slug}: {unmeasured}", err=True)
    return 0


def _list_pending(directory: Path, redis_url: str | None, known: list[Slug]) -> list[Slug]:
    """Return the profiles that may have work in flight, or jobs, which are known even if all else is combined."""
    at_work = set(list_at_work(directory))
    return [slug for slug in known if slug in at_work or (redis_url is not None and read_jobs(redis_url, slug))]

"""``profcov wait``: return when nobody is at work for profiles any more."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import click

from profcov import settings
from profcov.cli.common import data_dir_option, find_data_dir, parse_slugs, slugs_argument, timeout_option
from profcov.errors import JobsPendingError
from profcov.playback.barrier import settle
from profcov.store.lock import exclusive

if TYPE_CHECKING:
    from pathlib import Path


@click.command("wait")
@slugs_argument(required=True)
@data_dir_option("The servers' data directory.")
@click.option("--redis-url", metavar="URL", help="Wait for the profiles' RQ jobs there, too.")
@timeout_option("Seconds to wait for all of them together.")
def command(slugs: tuple[str, ...], data_dir: Path | None, redis_url: str | None, timeout: float) -> int:
    """Return when no process has work in flight for the profiles; nothing is combined.

    With --redis-url, when besides no RQ job that they have started is still to run. After the time-out it names the processes
    that are at work, or the jobs.
    """
    directory = find_data_dir(data_dir, must_exist=True)
    until = time.monotonic() + timeout
    umask = settings.read_umask(os.environ)
    for slug in parse_slugs(slugs):
        if redis_url:
            _, pending = settle(redis_url, directory, slug, max(0.0, until - time.monotonic()), umask=umask)
            if pending:
                raise JobsPendingError(slug, timeout, pending)
        with exclusive(directory, slug, max(0.0, until - time.monotonic()), umask):
            pass
    return 0

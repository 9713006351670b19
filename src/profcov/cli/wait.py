"""``profcov wait``: return when nobody is at work for profiles any more."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import click

from profcov import settings
from profcov.cli.common import data_dir_option, find_data_dir, parse_slugs, timeout_option
from profcov.store.lock import exclusive

if TYPE_CHECKING:
    from pathlib import Path


@click.command("wait")
@click.argument("slugs", nargs=-1, required=True, metavar="SLUG...")
@data_dir_option("The servers' data directory.")
@timeout_option("Seconds to wait for all of them together.")
def command(slugs: tuple[str, ...], data_dir: Path | None, timeout: float) -> int:
    """Return when no process has work in flight for the profiles; nothing is combined.

    After the time-out it names the processes that are at work. Jobs that are queued have not begun: see
    `profcov playback --redis-url`.
    """
    directory = find_data_dir(data_dir, must_exist=True)
    until = time.monotonic() + timeout
    umask = settings.read_umask(os.environ)
    for slug in parse_slugs(slugs):
        with exclusive(directory, slug, max(0.0, until - time.monotonic()), umask):
            pass
    return 0

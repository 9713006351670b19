"""``profcov resume``: let paused processes record again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from profcov.cli.common import data_dir_option, find_data_dir
from profcov.store.pause import resume

if TYPE_CHECKING:
    from pathlib import Path


@click.command("resume")
@data_dir_option("The servers' data directory.")
def command(data_dir: Path | None) -> int:
    """Record again after `profcov pause`; every process notices within a second."""
    directory = find_data_dir(data_dir)
    done = resume(directory)
    click.echo(f"{directory}: {'resumed' if done else 'was not paused'}")
    return 0

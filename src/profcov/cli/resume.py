"""``profcov resume``: let paused processes record again."""

from __future__ import annotations

import os
from pathlib import Path

import click

from profcov import settings
from profcov.store.pause import resume


@click.command("resume")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="The servers' data directory.  [default: $PROFILE_COVERAGE_DIR or .profcov]",
)
def command(data_dir: Path | None) -> int:
    """Record again after `profcov pause`; every process notices within a second."""
    directory = (data_dir or Path(os.environ.get(settings.DIR) or settings.DEFAULT_DIR)).absolute()
    done = resume(directory)
    click.echo(f"{directory}: {'resumed' if done else 'was not paused'}")
    return 0

"""``profcov pause``: stop recording at run time, in all processes of a data directory."""

from __future__ import annotations

import os
from pathlib import Path

import click

from profcov import settings
from profcov.store.pause import pause


@click.command("pause")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="The servers' data directory.  [default: $PROFILE_COVERAGE_DIR or .profcov]",
)
def command(data_dir: Path | None) -> int:
    """Stop recording, without a restart.

    Within a second every process that records into the directory answers `X-Profile-Trace-Status: disabled; paused`.
    What it is recording already goes on to its end. `profcov resume` takes it back.
    """
    directory = (data_dir or Path(os.environ.get(settings.DIR) or settings.DEFAULT_DIR)).absolute()
    done = pause(directory, settings.read_umask(os.environ))
    click.echo(f"{directory}: {'paused' if done else 'was paused already'}")
    return 0

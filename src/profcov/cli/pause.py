"""``profcov pause``: stop recording at run time, in all processes of a data directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from profcov.cli.answer import print_fact
from profcov.cli.arguments import data_dir_option, find_directory, format_option
from profcov.store.pause import pause

if TYPE_CHECKING:
    from pathlib import Path


@click.command("pause")
@data_dir_option("The servers' data directory.")
@format_option()
def command(data_dir: Path | None, form: str) -> int:
    """Stop recording, without a restart.

    Within a second every process that records into the directory answers `X-Profile-Trace-Status: disabled; paused`.
    Units that have begun are recorded to their end. `profcov resume` undoes it.
    """
    directory = find_directory(data_dir, must_exist=True)
    done = pause(directory)
    text = f"{directory.path}: {'paused' if done else 'was paused already'}"
    print_fact(text, form, data_dir=str(directory.path), paused=True, changed=done)
    return 0

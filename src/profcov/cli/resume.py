"""``profcov resume``: let paused processes record again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from profcov.cli.answer import print_fact
from profcov.cli.arguments import data_dir_option, find_data_dir, format_option
from profcov.store.pause import end_pause

if TYPE_CHECKING:
    from pathlib import Path


@click.command("resume")
@data_dir_option("The servers' data directory.")
@format_option()
def command(data_dir: Path | None, form: str) -> int:
    """Record again after `profcov pause`, without a restart.

    Within a second every process that records into the directory records the units that begin from then on.
    """
    directory = find_data_dir(data_dir, must_exist=True)
    done = end_pause(directory)
    text = f"{directory}: {'resumed' if done else 'was not paused'}"
    print_fact(text, form, data_dir=str(directory), paused=False, changed=done)
    return 0

"""Commands of ``profcov run`` that are not measured, as other commands report them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from profcov.store.runs import forget, list_silent

if TYPE_CHECKING:
    from pathlib import Path


def tell_silent_runs(data_dir: Path, *, once: bool = False) -> None:
    """Report the commands of ``profcov run`` that have not loaded profcov; with ``once``, those that have ended for the last time."""
    for run in list_silent(data_dir):
        click.echo(f"profcov: {run}", err=True)
        if once and run.is_over:
            forget(run)

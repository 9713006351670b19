"""``profcov overhead``: what tracing costs a live server, measured with its own profiles."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from profcov.cli.answer import note, print_answer, print_json
from profcov.cli.arguments import format_option
from profcov.cli.main import FAILED
from profcov.cli.playback_output import prepare
from profcov.cli.playing import check_url, play_options, read_play
from profcov.playback.player.overhead import find_slowest, measure, overhead_document
from profcov.playback.player.play import log_in
from profcov.reading.report.files import write_json

DEFAULT_OUT: Final = Path("artifacts/perf-baseline.json")
_COLUMNS: Final = ("profile", "untraced seconds", "traced seconds", "ratio", "ratio quartiles")


@click.command("overhead")
@click.argument("profiles", metavar="PROFILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--base-url", metavar="URL", callback=check_url, help="The server; wins over each profile's base_url.")
@click.option("--runs", metavar="N", type=click.IntRange(1, 1000), default=5, help="Runs of each kind that count. [5]")
@click.option(
    "--max-percent",
    metavar="P",
    type=click.FloatRange(min=0),
    help="Exit with 1 if tracing slows the slowest profile by more than P percent.",
)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    default=DEFAULT_OUT,
    help=f"Where the figures go. [{DEFAULT_OUT}]",
)
@format_option()
@play_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    profiles: tuple[Path, ...],
    base_url: str | None,
    runs: int,
    max_percent: float | None,
    out: Path,
    form: str,
    **session: Any,
) -> None:
    """Measure what tracing costs a live server.

    Each profile is played traced and untraced in turn, one profile at a time. Its requests and waits are timed. The
    slowest profile is the one that takes longest untraced; its ratio is the one that counts.

    Exit codes: 0 measured, 1 a step failed or tracing costs more than --max-percent, 2 bad arguments or profiles, 3
    work that does not end, 4 a server that cannot be used.
    """
    loaded, login, options = read_play(profiles, **session)
    options = replace(options, base_url=base_url)
    prepare(out)
    if login is not None:
        options = replace(options, login=log_in(login, options))
    measured = measure(loaded, options, runs, lambda profile: note(f"{profile.slug}: played"))
    document = overhead_document(measured, loaded, options)
    write_json(out, document)
    if form == "json":
        print_json(document)
    else:
        print_answer(_COLUMNS, document["profiles"], titled=False)
    slowest = find_slowest(measured)
    note(f"slowest: {slowest.slug}, {slowest.percent:+.1f} % traced; figures in {out}")
    if max_percent is not None and slowest.percent > max_percent:
        click.echo(
            f"profcov: tracing costs {slowest.slug} {slowest.percent:.1f} %: more than {max_percent:g} %", err=True
        )
        ctx.exit(FAILED)

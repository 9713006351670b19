"""``profcov compare``: what profiles have gained and lost between two matrices."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from profcov.cli.answer import print_rows
from profcov.cli.arguments import format_option
from profcov.reading.analysis.drift import compare_matrices
from profcov.reading.report.drift import DEPTH, TITLES, drift_document, drift_markdown, drift_rows
from profcov.reading.report.files import lay_out
from profcov.reading.report.snapshot import read_snapshot


@click.command("compare")
@click.argument("old", metavar="OLD", type=click.Path(path_type=Path))
@click.argument("new", metavar="NEW", type=click.Path(path_type=Path))
@format_option("md")
@click.option("--fail-on-loss", is_flag=True, help="Exit with 1 if a profile that is still there has lost a symbol.")
def command(old: Path, new: Path, *, form: Literal["text", "json", "md"], fail_on_loss: bool) -> int:
    """Show what each profile gained and lost between the matrices in the directories OLD and NEW.

    `profcov matrix --out DIR` writes them. A symbol that moved or was renamed is the same if its body is.
    """
    drift = compare_matrices(read_snapshot(old), read_snapshot(new))
    if form == "text":
        print_rows(TITLES, drift_rows(drift))
    elif form == "json":
        click.echo("".join(lay_out(drift_document(drift), DEPTH)))
    else:
        click.echo("".join(drift_markdown(drift)), nl=False)
    if fail_on_loss and drift.has_loss:
        losers = [slug for slug, each in drift.profiles.items() if each.state == "same" and each.lost]
        click.echo(
            f"profcov: symbols were lost by {', '.join(losers[:10])}{' and others' if losers[10:] else ''}", err=True
        )
        return 1
    return 0

"""``profcov doctor``: what this interpreter and this environment can do, and what would go wrong."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from profcov.cli.answer import note
from profcov.cli.common import data_dir_option, format_option
from profcov.cli.main import FAILED, TARGET
from profcov.doctor import examine
from profcov.doctor.installation import REDIS_SERVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.doctor import Finding

_COLOURS: Final = {"ok": "green", "warning": "yellow", "problem": "bold red"}
_REDIS_SCHEMES: Final = ("redis://", "rediss://", "unix://")


def _check_redis_url(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.startswith(_REDIS_SCHEMES):
        raise click.BadParameter("it is not a Redis address such as redis://127.0.0.1:6379/0")
    return value


@click.command("doctor")
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="coverage.py configuration.  [default: $PROFILE_COVERAGE_CONFIG or coverage.profile-playback.ini]",
)
@data_dir_option("Where servers write their data.")
@click.option(
    "--redis-url", metavar="URL", callback=_check_redis_url, help="See whether Redis answers.  [default: $REDIS_URL]"
)
@format_option()
@click.pass_context
def command(
    ctx: click.Context, *, config: Path | None, data_dir: Path | None, redis_url: str | None, form: str
) -> None:
    """Say what this interpreter and this environment can do, and what would go wrong.

    Call it where the server starts: in its directory, with its Python and its environment. Each line is ok, a warning
    or a problem: what was looked at, what was found, what to do.

    Exit codes: 0 no problem, 1 a problem, 2 bad arguments, 4 Redis does not answer.
    """
    findings = examine(config_file=config, data_dir=data_dir, redis_url=redis_url)
    if form == "json":
        click.echo(json.dumps({"findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        _print(findings)
    ctx.exit(_exit_code(findings))


def _exit_code(findings: Sequence[Finding]) -> int:
    problems = {finding.check for finding in findings if finding.level == "problem"}
    if REDIS_SERVER in problems:
        return TARGET
    return FAILED if problems else 0


def _print(findings: Sequence[Finding]) -> None:
    """Print the findings: a table on a terminal, lines with tabs elsewhere; how many they are on standard error."""
    rows = [tuple(map(_one_line, (each.level, each.check, each.what, each.advice))) for each in findings]
    if sys.stdout.isatty():
        _print_table(rows)
    else:
        for row in rows:
            click.echo("\t".join(row))
    counts = Counter(finding.level for finding in findings)
    note(f"{_count(counts['problem'], 'problem')}, {_count(counts['warning'], 'warning')}")


def _one_line(text: str) -> str:
    """Return a text without line breaks and tabs, whatever a file name or a variable holds."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in " ".join(text.splitlines()))


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console  # noqa: PLC0415 (slow to import, and only for terminals)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for level, check, what, advice in rows:
        words = Text(what)
        if advice:
            words.append(f"\n-> {advice}", style="bold" if level != "ok" else "dim")
        table.add_row(Text(level, style=_COLOURS[level]), Text(check), words)
    Console().print(table)

"""``profcov doctor``: what this interpreter and this environment can do, and what would go wrong."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from profcov.cli.answer import note, print_answer, print_line
from profcov.cli.arguments import data_dir_option, format_option
from profcov.cli.main import FAILED, TARGET
from profcov.doctor import examine
from profcov.doctor.installation import REDIS_SERVER
from profcov.reading.report.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.doctor import Finding

_COLOURS: Final = {"ok": "green", "warning": "yellow", "problem": "bold red"}
_FACTS: Final = frozenset({"engine", "source", "data-dir", "redis-server"})
"""Checks that are shown although they are fine."""
_COLUMNS: Final = ("level", "check", "what", "advice")
_NARROW: Final = 60
_REDIS_SCHEMES: Final = ("redis://", "rediss://", "unix://")


def _check_redis_url(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value and not value.startswith(_REDIS_SCHEMES):
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
    "--redis-url", metavar="URL", callback=_check_redis_url, help="Check whether Redis answers.  [default: $REDIS_URL]"
)
@click.option("-v", "--verbose", is_flag=True, help="Show all checks, not only those that matter.")
@format_option()
@click.pass_context
def command(
    ctx: click.Context, *, config: Path | None, data_dir: Path | None, redis_url: str | None, verbose: bool, form: str
) -> None:
    """Check what this interpreter and this environment can do, and what would go wrong.

    Run it where the server starts: in its directory, with its Python and its environment. Each line is a problem, a warning
    or ok: the check, what was found, what to do.

    Exit codes: 0 no problem, 1 a problem, 2 bad arguments, 4 Redis does not answer.
    """
    findings = examine(config_file=config, data_dir=data_dir, redis_url=redis_url)
    if form == "json":
        print_answer(_COLUMNS, map(asdict, findings), form, name="findings")
    else:
        _print(findings, verbose=verbose)
    ctx.exit(_exit_code(findings))


def _exit_code(findings: Sequence[Finding]) -> int:
    problems = {finding.check for finding in findings if finding.level == "problem"}
    if REDIS_SERVER in problems:
        return TARGET
    return FAILED if problems else 0


def _print(findings: Sequence[Finding], *, verbose: bool) -> None:
    """Print the findings: a table on a terminal, lines with tabs elsewhere; their number on standard error."""
    shown = [each for each in findings if verbose or each.level != "ok" or each.check in _FACTS]
    rows = [tuple(map(_one_line, (each.level, each.check, each.what, each.advice))) for each in shown]
    if sys.stdout.isatty():
        _print_table(rows)
    else:
        for row in rows:
            print_line(*row)
    counts = Counter(finding.level for finding in findings)
    rest = len(findings) - len(shown)
    more = f"; {_count(rest, 'more line')} with -v, all ok" if rest else ""
    note(f"{_count(counts['problem'], 'problem')}, {_count(counts['warning'], 'warning')}{more}")


def _one_line(text: str) -> str:
    """Return a text without line breaks and tabs, which a file name or a variable may hold."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in " ".join(text.splitlines()))


def _count(number: int, noun: str) -> str:
    return plural(number, noun) if number else f"no {noun}s"


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console  # noqa: PLC0415 (slow to import, and only for terminals)
    from rich.padding import Padding  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console()
    if console.width < _NARROW:
        for level, check, what, advice in rows:
            console.print(Text(level, style=_COLOURS[level]), Text(check))
            for line in filter(None, (what, advice and f"-> {advice}")):
                console.print(Padding(Text(line, overflow="fold"), (0, 0, 0, 2)))
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for level, check, what, advice in rows:
        words = Text(what)
        if advice:
            words.append(f"\n-> {advice}", style="bold" if level != "ok" else "dim")
        table.add_row(Text(level, style=_COLOURS[level]), Text(check), words)
    console.print(table)

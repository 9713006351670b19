"""``profcov playback``: replay profiles against a live server, and say where their artifacts are."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from profcov.cli.main import DATA, FAILED, TARGET, exit_code
from profcov.playback.address import find_origin
from profcov.playback.formats import load_profiles
from profcov.playback.runner import DEFAULT_TIMEOUT, PlayOptions, play_all
from profcov.playback.template import NAME
from profcov.settings import CONFIG, DEFAULT_DIR, DIR, find_config, read_secret, read_umask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from profcov.playback.profile import Profile
    from profcov.playback.runner import Outcome, PlayResult
    from profcov.store.combine import Artifact

_COLUMNS = ("profile", "artifact", "state", "lines", "requests", "jobs", "seconds")


def _check_url(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and find_origin(value) is None:
        raise click.BadParameter(f"{value!r} is not a URL such as http://127.0.0.1:8000")
    return value


def _read_variables(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    variables = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or NAME.fullmatch(name) is None:
            raise click.BadParameter(f"{value!r} is not NAME=VALUE")
        variables[name] = text
    return variables


@click.command("playback")
@click.argument("profiles", metavar="PROFILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--trace-code", is_flag=True, help="Record which code each profile runs; without it they are only sent.")
@click.option("--base-url", metavar="URL", callback=_check_url, help="The server; wins over each profile's base_url.")
@click.option(
    "--redis-url", metavar="URL", envvar="REDIS_URL", show_envvar=True, help="Wait for the RQ jobs kept there."
)
@click.option("--jobs", metavar="N", type=click.IntRange(1, 256), default=1, help="Profiles played at a time. [1]")
@click.option(
    "--data-dir",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    envvar=DIR,
    default=DEFAULT_DIR,
    show_envvar=True,
    help=f"Where the server writes its data. [{DEFAULT_DIR}]",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where artifacts go, if not to --data-dir.",
)
@click.option(
    "--timeout",
    metavar="S",
    type=click.FloatRange(min=0, max=86_400, min_open=True),
    default=DEFAULT_TIMEOUT,
    help=f"Seconds to wait for an answer, for the jobs, and for work in flight. [{DEFAULT_TIMEOUT:g}]",
)
@click.option(
    "--var",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_read_variables,
    help="A variable of the profiles.",
)
@click.pass_context
def command(
    ctx: click.Context,
    *,
    profiles: tuple[Path, ...],
    variables: dict[str, str],
    trace_code: bool,
    jobs: int,
    base_url: str | None,
    redis_url: str | None,
    data_dir: Path,
    out: Path | None,
    timeout: float,
) -> None:
    """Replay profiles against a live server.

    PROFILE is a YAML file, a HAR, the events.jsonl of a capture, or a directory of these. With --trace-code the server records which code each profile
    runs, and one line for each profile says where its artifact is.

    Exit codes: 0 all played, 1 a step failed, 2 bad arguments or profiles, 3 data that cannot be combined, 4 a server
    that cannot be used.
    """
    loaded = load_profiles(profiles, variables)
    options = PlayOptions(
        trace=trace_code,
        base_url=base_url,
        redis_url=redis_url,
        data_dir=data_dir,
        out=out,
        config_file=find_config(os.environ.get(CONFIG)) if trace_code else None,
        timeout=timeout,
        secret=read_secret(os.environ),
        umask=read_umask(os.environ),
    )
    with _show_progress(loaded) as (step_done, play_done):
        outcomes = play_all(loaded, options, jobs=jobs, step_done=step_done, play_done=play_done)
    _print_artifacts([outcome.result for outcome in outcomes if outcome.result is not None])
    ctx.exit(_report_errors(outcomes))


@contextlib.contextmanager
def _show_progress(
    profiles: Sequence[Profile],
) -> Iterator[tuple[Callable[[Profile], None], Callable[[Outcome], None]]]:
    """Give the two observers of a play: a bar on a terminal, a line for each profile elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _profile: None, _print_line
        return
    from rich.console import Console  # noqa: PLC0415 (slow to import, and only for terminals)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bars = {each.slug: progress.add_task(each.slug, total=len(each.steps)) for each in profiles}
        yield (
            lambda profile: progress.advance(bars[profile.slug]),
            lambda outcome: progress.stop_task(bars[outcome.profile.slug]),
        )


def _print_line(outcome: Outcome) -> None:
    if outcome.result is not None:
        click.echo(f"{outcome.result.slug}: {_describe(outcome.result)}", err=True)


def _describe(result: PlayResult) -> str:
    facts = [f"{result.requests} requests", f"{len(result.jobs)} jobs", f"{result.seconds:.1f} s"]
    if result.artifact is not None:
        facts.append(_state(result.artifact))
    return ", ".join(facts)


def _state(artifact: Artifact) -> str:
    return "complete" if artifact.complete else "partial: " + ", ".join(artifact.reasons)


def _print_artifacts(results: Sequence[PlayResult]) -> None:
    """Print where the artifacts are: a table on a terminal, lines with tabs elsewhere."""
    rows = [
        (
            str(result.slug),
            str(result.artifact.path),
            _state(result.artifact),
            str(result.artifact.lines),
            str(result.requests),
            str(len(result.jobs)),
            f"{result.seconds:.1f}",
        )
        for result in results
        if result.artifact is not None
    ]
    if not rows:
        return
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row))
        return
    from rich.console import Console  # noqa: PLC0415 (slow to import, and only for terminals)
    from rich.table import Column, Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*(Column(name, overflow="fold") for name in _COLUMNS))  # a path is there to be copied: all of it
    for row in rows:
        table.add_row(*map(Text, row))  # as they are: a path may hold what rich takes for markup
    Console().print(table)


def _report_errors(outcomes: Sequence[Outcome]) -> int:
    """Print each error once, though it met several profiles, and return the exit code of the gravest."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    for message in dict.fromkeys(str(error) for error in errors):
        click.echo(f"profcov: {message}", err=True)
    codes = {exit_code(error) for error in errors}
    return next((code for code in (TARGET, FAILED, DATA) if code in codes), max(codes, default=0))

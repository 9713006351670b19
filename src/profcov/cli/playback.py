"""``profcov playback``: replay profiles against a live server, and print where their artifacts are."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from profcov.cli.answer import print_json
from profcov.cli.arguments import config_option, find_config_to_play, format_option
from profcov.cli.main import DATA, FAILED, TARGET, exit_code
from profcov.cli.playback_output import (
    prepare,
    print_artifacts,
    print_plan,
    print_skipped,
    print_try,
    show_progress,
    write_results,
)
from profcov.cli.playing import check_url, play_options, read_play
from profcov.errors import PlaybackError, TargetError
from profcov.playback.player.options import Login, PlayOptions
from profcov.playback.player.plan import plan
from profcov.playback.player.play import list_saved, log_in
from profcov.playback.player.runner import Outcome, check_ready, count_outcomes, play_all, split_existing
from profcov.playback.results.document import Run, results_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.playback.player.plan import Planned
    from profcov.playback.scenario.model import Profile

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("playback")
@click.argument("profiles", metavar="PROFILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--trace-code", is_flag=True, help="Record which code each profile runs; without it, only send the requests."
)
@click.option("--base-url", metavar="URL", callback=check_url, help="The server; wins over each profile's base_url.")
@click.option("--jobs", metavar="N", type=click.IntRange(1, 256), default=1, help="Profiles played at a time. [1]")
@click.option(
    "--retries", metavar="N", type=click.IntRange(0, 100), default=0, help="How often a failed one is played again. [0]"
)
@click.option(
    "--think-time",
    metavar="FACTOR",
    type=click.FloatRange(0, 100),
    default=0.0,
    help="Multiply the recorded pauses between requests by this; 1: as recorded. [0: no pauses]",
)
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
@click.option("--skip-existing", is_flag=True, help="Leave out profiles whose artifact is complete and up to date.")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where artifacts go, if not to --data-dir.",
)
@config_option()
@click.option("--junit", metavar="FILE", type=_FILE, help="Write the results as JUnit XML.")
@click.option("--json", "results", metavar="FILE", type=_FILE, help="Write the results as JSON.")
@format_option(meaning="What to print: where the artifacts are, or the results.")
@play_options
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    profiles: tuple[Path, ...],
    trace_code: bool,
    base_url: str | None,
    jobs: int,
    retries: int,
    think_time: float,
    dry_run: bool,
    skip_existing: bool,
    out: Path | None,
    config: str | None,
    junit: Path | None,
    results: Path | None,
    form: str,
    **session: Any,
) -> None:
    """Replay profiles against a live server.

    PROFILE is a YAML file, a HAR, the events.jsonl of a capture, or a directory of these. With --trace-code the server
    records which code each profile runs, and the output has a line with the artifact of each profile.

    Exit codes: 0 all played, 1 a step failed, 2 bad arguments or profiles, 3 data that cannot be combined, 4 a server
    that cannot be used.
    """
    if skip_existing and not trace_code:
        raise click.UsageError("--skip-existing needs --trace-code: without it there are no artifacts")
    loaded, login, options = read_play(profiles, **session)
    options = replace(
        options,
        trace=trace_code,
        base_url=base_url,
        out=out,
        config_file=find_config_to_play(config) if trace_code else None,
        retries=retries,
        think_time=think_time,
    )
    to_play, kept = split_existing(loaded, options) if skip_existing else (loaded, [])
    if dry_run:
        print_skipped(kept)
        _print_plan(to_play, login, options, form)
        return
    prepare(junit, results)
    began, started = time.time(), time.monotonic()
    ended = {outcome.profile.slug: outcome for outcome in (*kept, *play_profiles(to_play, login, options, jobs))}
    outcomes = count_outcomes([ended[profile.slug] for profile in loaded], options.config_file)
    print_skipped(kept)
    if form == "text":
        print_artifacts(outcomes)
    code = report_errors(outcomes)
    run = Run(outcomes, trace_code, began, time.monotonic() - started, code)
    if form == "json":
        print_json(results_document(run))
    write_results(run, junit=junit, results=results)
    ctx.exit(code)


def play_profiles(profiles: Sequence[Profile], login: Profile | None, options: PlayOptions, jobs: int) -> list[Outcome]:
    """Log in if requested, and play; if the login fails, all profiles have failed."""
    if not profiles:
        return []
    check_ready(profiles, options)
    if login is not None:
        try:
            options = replace(options, login=log_in(login, options, print_try))
        except (PlaybackError, TargetError) as error:
            return [Outcome(profile, None, error, tries=0) for profile in profiles]
    with show_progress(profiles) as observers:
        return play_all(
            profiles,
            options,
            jobs=jobs,
            step_done=observers.step_done,
            try_failed=observers.try_failed,
            play_done=observers.play_done,
        )


def _print_plan(profiles: Sequence[Profile], login: Profile | None, options: PlayOptions, form: str) -> None:
    planned: list[Planned] = []
    if login is not None:
        planned += plan(login, replace(options, trace=False))
        options = replace(options, login=Login(saved={name: f"{{{name}}}" for name in list_saved(login)}))
    for profile in profiles:
        planned += plan(profile, options)
    print_plan(planned, form)


def report_errors(outcomes: Sequence[Outcome]) -> int:
    """Print each error once, even if it hit several profiles, and return the exit code of the most serious one."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    for message in dict.fromkeys(str(error) for error in errors):
        click.echo(f"profcov: {message}", err=True)
    codes = {exit_code(error) for error in errors}
    return next((code for code in (TARGET, FAILED, DATA) if code in codes), max(codes, default=0))

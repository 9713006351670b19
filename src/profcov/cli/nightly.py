"""``profcov nightly``: replay all profiles, and report what has changed since the night before."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from profcov.cli.answer import note, print_json
from profcov.cli.arguments import config_option, find_config_to_play, format_option, ignore_source_changes_option
from profcov.cli.clean import SIZE
from profcov.cli.commit import find_commit
from profcov.cli.main import FAILED
from profcov.cli.playback import play_profiles, report_errors
from profcov.cli.playback_output import append_step_summary, print_artifacts
from profcov.cli.playing import check_url, list_replay_options, play_options, read_play
from profcov.cli.recorded import open_reader, warn_unknown
from profcov.nightly import nights
from profcov.nightly.night import Night
from profcov.playback.player.runner import count_outcomes
from profcov.playback.results.document import Run, results_document
from profcov.reading.pipeline import make_overview
from profcov.reading.symbols.inventory import build_inventory
from profcov.store.layout import artifact_path

_PATH = click.Path(exists=True, path_type=Path)


@click.command("nightly")
@click.option(
    "--profiles", "paths", metavar="PATH", multiple=True, required=True, type=_PATH, help="What to replay. Repeatable."
)
@click.option("--base-url", metavar="URL", callback=check_url, help="The server; wins over each profile's base_url.")
@click.option(
    "--source",
    "sources",
    metavar="DIR",
    multiple=True,
    type=_PATH,
    help="Where the source is. Repeatable.  [default: the coverage configuration's]",
)
@config_option()
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("artifacts/nightly"),
    show_default=True,
    help="Where the nights go, each into a directory of its own.",
)
@click.option("--jobs", metavar="N", type=click.IntRange(1, 256), default=1, help="Profiles played at a time. [1]")
@click.option(
    "--retries", metavar="N", type=click.IntRange(0, 100), default=1, help="How often a failed one is played again. [1]"
)
@click.option(
    "--html/--no-html", default=True, help="Write coverage.py's HTML report of each profile, or not. [--html]"
)
@click.option("--keep", metavar="N", type=click.IntRange(min=1), default=14, help="How many nights to keep. [14]")
@click.option(
    "--max-bytes", metavar="SIZE", type=SIZE, default="250MB", show_default=True, help="How big a night may be."
)
@click.option("--fail-on-loss", is_flag=True, help="Exit with 1 if a profile has lost a symbol that is still there.")
@ignore_source_changes_option()
@format_option(meaning="What to print: where the artifacts are, or the results.")
@play_options
def command(
    *,
    paths: tuple[Path, ...],
    base_url: str | None,
    sources: tuple[Path, ...],
    config: str | None,
    out: Path,
    jobs: int,
    retries: int,
    html: bool,
    keep: int,
    max_bytes: float,
    fail_on_loss: bool,
    ignore_source_changes: bool,
    form: str,
    **session: Any,
) -> int:
    """Replay all profiles, report on each, and list what has changed since the night before.

    The server runs on this machine, with recording on; see `profcov playback`. Exit codes: 0 all played, 1 a profile
    failed or, with --fail-on-loss, lost a symbol; 2 bad arguments or profiles, 3 data that cannot be used, 4 a server
    that cannot be used. Whatever was recorded is reported, even if something failed.
    """
    profiles, login, options = read_play(paths, **session)
    config_file = find_config_to_play(config)
    if config_file is not None:
        build_inventory(config_file, sources, only=())  # its errors are reported before anything is sent
    began, started = time.time(), time.monotonic()
    with nights.begin(out, began) as night:
        options = replace(options, trace=True, base_url=base_url, out=night, config_file=config_file, retries=retries)
        outcomes = count_outcomes(play_profiles(profiles, login, options, jobs), config_file)
        if form == "text":
            print_artifacts(outcomes)
        code = report_errors(outcomes)
        slugs = [each.profile.slug for each in outcomes if artifact_path(night, each.profile.slug).is_file()]
        if not slugs:
            click.echo("profcov: nothing was recorded, so there is nothing to report", err=True)
            shutil.rmtree(night)
            return code
        reader = open_reader(None, config, night, slugs, sources)
        recorded = list(reader.artifacts(night, slugs, ignore_source_changes=ignore_source_changes))
        overview = make_overview(reader.inventory, recorded)
        for slug, reach in overview.matrix.profiles.items():
            warn_unknown(slug, reach.unknown_files)
        made = Night(
            directory=night,
            run=Run(outcomes, is_traced=True, began=began, seconds=time.monotonic() - started, exit_code=code),
            reader=reader,
            recorded=recorded,
            overview=overview,
            profiles=[str(path) for path in paths],
            options=list_replay_options(options.directory.path, config_file, base_url),
            commit=find_commit(),
            warn=lambda sentence: click.echo(f"profcov: warning: {sentence}", err=True),
        )
        made.write_reports()
        if html:
            made.write_html()
        drift = made.compare()
        append_step_summary(made.conclude(drift, int(max_bytes)))
        for name in nights.drop_old(night, keep):
            note(f"{name}: removed, {keep} nights are kept")
    if form == "json":
        print_json({**results_document(made.run), "night": str(night)})
    note(f"{night / nights.SUMMARY}")
    return code or (FAILED if fail_on_loss and drift is not None and drift[1].has_loss else 0)

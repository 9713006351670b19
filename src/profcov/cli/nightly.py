"""``profcov nightly``: replay all profiles, and say what has changed since the night before."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from profcov.cli.answer import note, print_json
from profcov.cli.arguments import config_option, find_config_to_play, format_option, ignore_source_changes_option
from profcov.cli.clean import SIZE
from profcov.cli.commit import find_commit
from profcov.cli.main import FAILED
from profcov.cli.playback import play_profiles, report_errors
from profcov.cli.playback_output import append_step_summary, print_artifacts, write_json
from profcov.cli.playing import check_url, list_replay_options, play_options, read_play
from profcov.cli.recorded import open_reading
from profcov.cli.report import write_report
from profcov.errors import CoverageReadError
from profcov.nightly import nights
from profcov.nightly.summary import night_summary
from profcov.playback.player.runner import count_outcomes
from profcov.playback.results.document import Run, results_document
from profcov.playback.results.junit import junit_document
from profcov.reading.analysis.drift import compare_matrices, take_snapshot
from profcov.reading.analysis.gaps import find_gaps
from profcov.reading.analysis.matrix import build_matrix
from profcov.reading.report.coverage_html import write_html
from profcov.reading.report.dashboard.edition import Edition
from profcov.reading.report.dashboard.notes import Played, read_note
from profcov.reading.report.dashboard.page import write_page
from profcov.reading.report.drift import DEPTH as DRIFT_DEPTH
from profcov.reading.report.drift import drift_document, drift_markdown
from profcov.reading.report.files import lay_out, write_whole, write_whole_bytes
from profcov.reading.report.inventory_json import DEPTH as INVENTORY_DEPTH
from profcov.reading.report.inventory_json import inventory_document
from profcov.reading.report.matrix_files import write_matrix
from profcov.reading.report.snapshot import read_snapshot
from profcov.reading.symbols.inventory import build_inventory
from profcov.store.layout import artifact_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.configuration import Configuration
    from profcov.reading.analysis.drift import Drift
    from profcov.reading.analysis.matrix import Matrix
    from profcov.reading.symbols.model import Inventory
    from profcov.store.read import Recorded

INVENTORY: Final = "coverage-symbols.json"
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
        build_inventory(config_file, sources, only=())  # what is wrong with it is said before anything is sent
    began, started = time.time(), time.monotonic()
    with nights.begin(out, began) as night:
        options = replace(options, trace=True, base_url=base_url, out=night, config_file=config_file, retries=retries)
        outcomes = count_outcomes(play_profiles(profiles, login, options, jobs), config_file)
        if form == "text":
            print_artifacts(outcomes)
        code = report_errors(outcomes)
        slugs = [each.profile.slug for each in outcomes if artifact_path(night, each.profile.slug).is_file()]
        if not slugs:
            click.echo("profcov: nothing was recorded, so that there is nothing to report", err=True)
            shutil.rmtree(night)
            return code
        reading = open_reading(None, config, night, slugs, sources)
        inventory = reading.inventory
        recorded = list(reading.artifacts(night, slugs, ignore_source_changes=ignore_source_changes))
        run = Run(outcomes, is_traced=True, began=began, seconds=time.monotonic() - started, exit_code=code)
        replayed_with = list_replay_options(options.data_dir, config_file, base_url)
        made = _Night(night, run, recorded, build_matrix(inventory, recorded), inventory, replayed_with)
        made.write_reports()
        if html:
            made.write_html(reading.configuration)
        drift = made.compare()
        made.write_dashboard(paths, drift)
        dropped = made.conclude(drift, int(max_bytes))
        if dropped:
            made.write_dashboard(paths, drift, dropped)
        for name in nights.drop_old(night, keep):
            note(f"{name}: removed, {keep} nights are kept")
    if form == "json":
        print_json({**results_document(run), "night": str(night)})
    note(f"{night / nights.SUMMARY}")
    return code or (FAILED if fail_on_loss and drift is not None and drift[1].has_loss else 0)


@dataclass(frozen=True, slots=True)
class _Night:
    """A night whose profiles have been played."""

    directory: Path
    run: Run
    recorded: Sequence[Recorded]
    matrix: Matrix
    inventory: Inventory
    replayed_with: Sequence[str] = ()

    def write_reports(self) -> None:
        """Write the inventory, how each profile was played, its report, and the matrix."""
        write_whole(self.directory / INVENTORY, [*lay_out(inventory_document(self.inventory), INVENTORY_DEPTH), "\n"])
        write_whole_bytes(self.directory / "junit.xml", [junit_document(self.run)])
        write_json(self.directory / "playback.json", results_document(self.run))
        for each in self.recorded:
            write_report(self.matrix.index, each, self.directory / nights.REPORTS)
        write_matrix(self.matrix, self.directory / nights.MATRIX)

    def write_html(self, configuration: Configuration) -> None:
        """Write coverage.py's report of each profile."""
        for each in self.recorded:
            artifact, target = artifact_path(self.directory, each.slug), self.directory / nights.HTML / each.slug
            try:
                write_html(artifact, configuration, target, f"profcov: {each.slug}")
            except CoverageReadError as error:
                click.echo(f"profcov: warning: {each.slug} has no HTML report: {error}", err=True)

    def compare(self) -> tuple[str, Drift] | None:
        """Return the night before and what has changed since, and write that; None if none is there that can be read."""
        before = nights.find_before(self.directory)
        if before is None:
            return None
        try:
            old = read_snapshot(before / nights.MATRIX)
        except (
            CoverageReadError
        ) as error:  # of another version of profcov, say: this night is what the next compares with
            click.echo(f"profcov: warning: there is nothing to compare this night with: {error}", err=True)
            return None
        drift = compare_matrices(old, take_snapshot(self.matrix))
        write_whole(self.directory / "changes.json", [*lay_out(drift_document(drift), DRIFT_DEPTH), "\n"])
        write_whole(self.directory / "changes.md", drift_markdown(drift))
        return before.name, drift

    def write_dashboard(
        self, profiles: Sequence[Path], drift: tuple[str, Drift] | None, dropped: Sequence[nights.Dropped] = ()
    ) -> None:
        """Write the page; it links what is there, and says what was dropped."""
        edition = Edition(
            matrix=self.matrix,
            gaps=find_gaps(self.matrix),
            directory=self.directory,
            generated=datetime.fromtimestamp(self.run.began, UTC).isoformat(timespec="seconds"),
            notes={each.slug: read_note(each) for each in self.recorded},
            played={
                each.profile.slug: Played(round(each.seconds, 3), each.result.requests if each.result else None)
                for each in self.run.outcomes
            },
            title=f"profcov: {self.directory.name}",
            profiles=[str(path) for path in profiles],
            options=self.replayed_with,
            commit=find_commit(),
            unreadable=self.inventory.unreadable,
            since=drift,
            left_out=[f"{each.name} is left out: the night would have been too big with it." for each in dropped],
        )
        write_page(edition)

    def conclude(self, drift: tuple[str, Drift] | None, limit: int) -> Sequence[nights.Dropped]:
        """Drop what is too much, write the summary, and return what was dropped."""
        size, dropped = nights.shrink(self.directory, limit)
        if size > limit:
            click.echo(f"profcov: warning: the night has {size} bytes, though all that may go is left out", err=True)
        summary = "".join(
            night_summary(self.directory.name, self.run, self.matrix, since=drift, dropped=dropped, size=size)
        )
        write_whole(self.directory / nights.SUMMARY, [summary])
        append_step_summary(summary)
        return dropped

"""One night whose profiles have been played: what is written of it, and what has changed since the night before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from profcov.errors import CoverageReadError
from profcov.nightly import nights
from profcov.nightly.summary import night_summary
from profcov.playback.results.document import list_played, results_document
from profcov.playback.results.junit import junit_document
from profcov.reading.analysis.drift import compare_matrices, take_snapshot
from profcov.reading.analysis.profile_report import report_profile
from profcov.reading.report.coverage_html import write_html
from profcov.reading.report.dashboard.edition import Edition, show_time
from profcov.reading.report.dashboard.page import write_page
from profcov.reading.report.drift import write_drift
from profcov.reading.report.files import write_json, write_whole, write_whole_bytes
from profcov.reading.report.inventory_json import write_inventory
from profcov.reading.report.matrix_files import write_matrix
from profcov.reading.report.profile_json import write_profile
from profcov.reading.report.snapshot import read_snapshot
from profcov.store.layout import artifact_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from profcov.playback.results.document import Run
    from profcov.reading.analysis.drift import Drift
    from profcov.reading.analysis.overview import Overview
    from profcov.reading.pipeline import Reader
    from profcov.store.read import Recorded

INVENTORY: Final = "coverage-symbols.json"


@dataclass(frozen=True, slots=True)
class Night:
    """A night's directory, and what is known of the night.

    ``profiles`` is where they are, ``options`` what else the command that replays one needs, ``commit`` that of the source, if it is
    known. ``warn`` is called with a sentence for each thing that the night has to do without.
    """

    directory: Path
    run: Run
    reader: Reader
    recorded: Sequence[Recorded]
    overview: Overview
    profiles: Sequence[str]
    options: Sequence[str]
    commit: str | None
    warn: Callable[[str], None]

    def write_reports(self) -> None:
        """Write the inventory, how each profile was played, its report, and the matrix."""
        write_inventory(self.reader.inventory, self.directory / INVENTORY)
        write_whole_bytes(self.directory / "junit.xml", [junit_document(self.run)])
        write_json(self.directory / "playback.json", results_document(self.run))
        for each in self.recorded:
            write_profile(report_profile(self.overview.matrix.index, each), self.directory / nights.REPORTS)
        write_matrix(self.overview, self.directory / nights.MATRIX)

    def write_html(self) -> None:
        """Write coverage.py's report of each profile."""
        for each in self.recorded:
            artifact, target = artifact_path(self.directory, each.slug), self.directory / nights.HTML / each.slug
            try:
                write_html(artifact, self.reader.configuration, target, f"profcov: {each.slug}")
            except CoverageReadError as error:
                self.warn(f"{each.slug} has no HTML report: {error}")

    def compare(self) -> tuple[str, Drift] | None:
        """Return the night before and what has changed since, and write that; None if none is there that can be read."""
        before = nights.find_before(self.directory)
        if before is None:
            return None
        try:
            old = read_snapshot(before / nights.MATRIX)
        except CoverageReadError as error:  # of another version, for example: this night is what the next compares with
            self.warn(f"there is nothing to compare this night with: {error}")
            return None
        drift = compare_matrices(old, take_snapshot(self.overview.matrix))
        write_drift(drift, self.directory)
        return before.name, drift

    def write_dashboard(self, drift: tuple[str, Drift] | None, dropped: Sequence[nights.Dropped] = ()) -> None:
        """Write the page; it links what is there, and says what was dropped."""
        edition = Edition(
            overview=self.overview,
            directory=self.directory,
            generated=show_time(datetime.fromtimestamp(self.run.began, UTC)),
            played=list_played(self.run),
            title=f"profcov: {self.directory.name}",
            profiles=self.profiles,
            options=self.options,
            commit=self.commit,
            since=drift,
            left_out=[f"{each.name} is left out: the night would have been too big with it." for each in dropped],
        )
        write_page(edition)

    def conclude(self, drift: tuple[str, Drift] | None, limit: int) -> str:
        """Write the dashboard, drop what is too much, and write the summary, which is returned."""
        self.write_dashboard(drift)
        size, dropped = nights.shrink(self.directory, limit)
        if size > limit:
            self.warn(f"the night has {size} bytes, although all optional files are left out")
        if dropped:
            self.write_dashboard(drift, dropped)
        name = self.directory.name
        summary = "".join(night_summary(name, self.run, self.overview, since=drift, dropped=dropped, size=size))
        write_whole(self.directory / nights.SUMMARY, [summary])
        return summary

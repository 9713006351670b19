"""``profcov report``: what each profile runs, symbol by symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from profcov.cli.answer import print_answer
from profcov.cli.arguments import (
    config_option,
    data_dir_option,
    find_data_dir,
    format_option,
    ignore_source_changes_option,
    slugs_argument,
)
from profcov.cli.recorded import (
    choose_slugs,
    inventory_option,
    open_reader,
    out_option,
    warn_unknown,
)
from profcov.reading.analysis.index import SymbolIndex
from profcov.reading.analysis.profile_report import report_profile
from profcov.reading.report.coverage_html import write_html
from profcov.reading.report.profile_json import summary_document, write_profile
from profcov.reading.report.text import printable
from profcov.store.layout import artifact_path

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.reading.analysis.profile_report import ProfileReport

TITLES: Final = (
    "profile",
    "status",
    "files",
    "lines",
    "all lines",
    "percent",
    "reach",
    "symbols",
    "only in jobs",
    "job runs",
)


@click.command("report")
@slugs_argument()
@data_dir_option("Where the artifacts are.")
@config_option()
@inventory_option()
@out_option("Where <slug>-coverage.json goes.")
@click.option("--html", is_flag=True, help="Also write coverage.py's HTML report, into html/<slug>/ there.")
@ignore_source_changes_option()
@format_option()
def command(
    slugs: tuple[str, ...],
    *,
    data_dir: Path | None,
    config: str | None,
    inventory_file: Path | None,
    out: Path,
    html: bool,
    ignore_source_changes: bool,
    form: str,
) -> None:
    """Report on the SLUGs, or on all profiles with an artifact, each in its own file.

    Run it where the server runs, with the same packages. The artifacts have the configuration that measured; --config
    replaces it.
    """
    directory = find_data_dir(data_dir)
    chosen = choose_slugs(directory, slugs)
    reader = open_reader(inventory_file, config, directory, chosen)
    index = SymbolIndex(reader.inventory)
    rows = []
    for recorded in reader.artifacts(directory, chosen, ignore_source_changes=ignore_source_changes):
        report = report_profile(index, recorded)
        warn_unknown(recorded.slug, report.unknown_files)
        write_profile(report, out)
        rows.append(_describe(report))
        for reason, jobs in recorded.doubtful_jobs.items():
            click.echo(f"{recorded.slug}: {reason}: {printable(jobs)}", err=True)
        if html:
            artifact, target = artifact_path(directory, recorded.slug), out / "html" / recorded.slug
            write_html(artifact, reader.configuration, target, f"profcov: {recorded.slug}")
    print_answer(TITLES, rows, form)


def _describe(report: ProfileReport) -> dict[str, Any]:
    recorded, summary = report.recorded, summary_document(report.summary)
    return {
        "profile": recorded.slug,
        "status": recorded.status,
        "reasons": list(recorded.reasons),
        "files": summary["file_count"],
        "lines": summary["lines_covered"],
        "all_lines": summary["lines_total"],
        "percent": summary["coverage_percent"],
        "reach": summary["reach_percent"],
        "symbols": sum(each.is_covered for each in report.symbols),
        "only_in_jobs": len(report.only_jobs),
        "job_runs": len(recorded.jobs),
    }

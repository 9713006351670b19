"""``profcov coverage``: coverage.py's reports of artifacts, and never of one process's share."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from profcov.cli.answer import print_line
from profcov.cli.arguments import (
    config_option,
    data_dir_option,
    find_data_dir,
    ignore_source_changes_option,
    parse_slugs,
    refuse_unknown,
    slugs_argument,
)
from profcov.cli.configuration import find_configuration
from profcov.configuration.omissions import omit_by_name
from profcov.errors import CoverageReadError, CoverageWriteError, explain
from profcov.reading.report.files import copy_whole, write_whole_bytes
from profcov.store.layout import artifact_path, list_shards, list_slugs
from profcov.store.sidecar import check_artifact, check_sources
from profcov.store.unmeasured import find_unmeasured

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage import Coverage

    from profcov.configuration import Configuration
    from profcov.slug import Slug

_OUT: Final = {"html": "htmlcov", "xml": "coverage.xml", "json": "coverage.json", "lcov": "coverage.lcov"}
"""Where coverage.py writes each report by default; ``report`` goes to standard output."""


@click.command("coverage")
@click.argument("form", type=click.Choice(["report", *_OUT]), metavar="FORMAT")
@slugs_argument()
@data_dir_option("Where the artifacts are.")
@config_option()
@click.option(
    "--out",
    metavar="PATH",
    help="Where to write the report: a directory for html, else a file, or - for standard output.",
)
@click.option("--fail-under", type=click.FloatRange(0, 100), metavar="PERCENT", help="Exit with 1 below this total.")
@click.option("--stale-ok", is_flag=True, help="Report although there are shards that are in no artifact yet.")
@ignore_source_changes_option()
def command(
    form: str,
    slugs: tuple[str, ...],
    *,
    data_dir: Path | None,
    config: str | None,
    out: str | None,
    fail_under: float | None,
    stale_ok: bool,
    ignore_source_changes: bool,
) -> int:
    """Run coverage.py's report on the artifacts of the SLUGs together, or of all recorded profiles.

    FORMAT is report, html, xml, json or lcov.

    If shards are not combined yet, an artifact is damaged, or a source has changed since it ran, it reports nothing but the reason.
    """
    if out == "-" and form == "html":
        raise click.UsageError("an html report is a directory of files: --out names that, and cannot be -")
    directory = find_data_dir(data_dir, must_exist=True)
    known = list_slugs(directory)
    chosen = parse_slugs(slugs) or known
    refuse_unknown(directory, chosen, known)
    artifacts = _check(directory, chosen, stale_ok=stale_ok, ignore_source_changes=ignore_source_changes)
    configuration = find_configuration(config, directory, chosen)
    with tempfile.TemporaryDirectory() as place:
        total = _report(form, artifacts, Path(place, "together"), configuration, out)
    if fail_under is not None and total < fail_under:
        click.echo(f"profcov: the total of {total:.2f} % is below {fail_under:g} %", err=True)
        return 1
    return 0


def _check(directory: Path, chosen: Sequence[Slug], *, stale_ok: bool, ignore_source_changes: bool) -> list[Path]:
    """Return the artifacts to report on.

    Raises:
        CoverageReadError: one is missing, stale, damaged, or its sources have changed.
    """
    if not chosen:
        raise CoverageReadError(directory, "no profile was recorded there")
    artifacts = []
    for slug in chosen:
        artifact, waiting = artifact_path(directory, slug), list_shards(directory, slug)
        unmeasured = find_unmeasured(waiting)
        if unmeasured is not None and not artifact.is_file():
            click.echo(f"profcov: {slug}: left out: {unmeasured}", err=True)
            continue
        if waiting and unmeasured is None and not stale_ok:
            raise CoverageReadError(
                artifact,
                f"{len(waiting)} shards of {slug} are not in it: run `profcov combine {slug}`, or add --stale-ok",
            )
        if not artifact.is_file():
            raise CoverageReadError(artifact, "there is no such file (`profcov combine` makes artifacts)")
        check_artifact(artifact)
        if not ignore_source_changes:
            check_sources(artifact)
        artifacts.append(artifact)
    if not artifacts:
        raise CoverageReadError(directory, "no measured file ran in what was recorded there")
    return artifacts


def _report_text(tool: Coverage, target: str | None) -> float:
    if target is None:
        return tool.report()
    with Path(target).open("w", encoding="utf-8") as file:
        return tool.report(file=file)


def _put(made: Path, target: str) -> None:
    """Move coverage.py's output to its place, each file whole or not at all."""
    if made.is_dir():
        copy_whole(made, Path(target))
    else:
        write_whole_bytes(Path(target), [made.read_bytes()])


def _report(
    form: str, artifacts: Sequence[Path], together: Path, configuration: Configuration, out: str | None
) -> float:
    """Write a report of artifacts, merged into a temporary file, and return the total in percent."""
    from coverage.exceptions import ConfigError, CoverageException  # noqa: PLC0415

    tool = configuration.open(data_file=str(together), messages=False)
    tool.set_option("run:parallel", value=False)
    omit_by_name(tool)
    target = None if out == "-" else out or _OUT.get(form)
    made = str(together.with_name("made"))
    outfile = made if target else "-"
    reports: dict[str, Any] = {
        "report": lambda: _report_text(tool, made if target else None),
        "html": lambda: tool.html_report(directory=made),
        "xml": lambda: tool.xml_report(outfile=outfile),
        "json": lambda: tool.json_report(outfile=outfile),
        "lcov": lambda: tool.lcov_report(outfile=outfile),
    }
    try:
        with configuration.at_root():
            tool.combine(data_paths=[str(artifact) for artifact in artifacts], strict=True, keep=True)
            total = float(reports[form]())
        if target is not None:
            _put(Path(made), target)
    except OSError as error:
        if target is None:  # standard output
            raise
        raise CoverageWriteError(Path(error.filename or target), explain(error)) from error
    except (
        ConfigError,
        CoverageException,
        UnicodeEncodeError,
    ) as error:  # the latter below a directory whose name is not UTF-8
        raise CoverageReadError(artifacts[0], f"coverage.py cannot report on it: {error}") from error
    if target is not None:
        print_line(form, target)
    return total

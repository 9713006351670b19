"""``profcov matrix``: which profile covers which symbols, and what none of them does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

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
from profcov.reading.report.matrix_csv import require_parquet
from profcov.reading.report.matrix_files import write_matrix
from profcov.reading.report.matrix_json import profile_symbols
from profcov.reading.report.summary import summary_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from profcov.reading.analysis.overview import Overview

TITLES: Final = ("profile", "lines", "unique lines", "symbols", "unique symbols", "files")


@click.command("matrix")
@slugs_argument()
@data_dir_option("Where the artifacts are.")
@config_option()
@inventory_option()
@out_option("Where the files of the matrix go.")
@click.option("--parquet", is_flag=True, help="Also write it as Parquet; needs profcov[parquet].")
@ignore_source_changes_option()
@format_option("md", meaning="What to print: a table, profile-symbols.json or summary.md.")
def command(
    slugs: tuple[str, ...],
    *,
    data_dir: Path | None,
    config: str | None,
    inventory_file: Path | None,
    out: Path,
    parquet: bool,
    ignore_source_changes: bool,
    form: Literal["text", "json", "md"],
) -> None:
    """Compare what the SLUGs, or all profiles with an artifact, cover, and find what no profile covers.

    Run it where the server runs, with the same packages. The artifacts have the configuration that measured; --config replaces it.
    """
    if parquet:
        require_parquet()
    directory = find_data_dir(data_dir)
    chosen = choose_slugs(directory, slugs)
    reader = open_reader(inventory_file, config, directory, chosen)
    overview = reader.overview(directory, chosen, ignore_source_changes=ignore_source_changes)
    for slug, reach in overview.matrix.profiles.items():
        warn_unknown(slug, reach.unknown_files)
    write_matrix(overview, out, parquet=parquet)
    if form == "text":
        print_answer(TITLES, describe(overview))
    else:
        click.echo("".join(_compose(overview, form)), nl=False)


def describe(overview: Overview) -> list[dict[str, Any]]:
    """Return a row for each profile."""
    unique = overview.unique
    return [
        {
            "profile": slug,
            "lines": reach.lines,
            "unique_lines": unique[slug].lines,
            "symbols": reach.covered.bit_count(),
            "unique_symbols": unique[slug].symbols.bit_count(),
            "files": reach.files,
        }
        for slug, reach in overview.matrix.profiles.items()
    ]


def _compose(overview: Overview, form: str) -> Iterator[str]:
    if form == "json":
        return profile_symbols(overview.matrix, overview.unique)
    return summary_markdown(overview.matrix, overview.gaps, overview.unique)
